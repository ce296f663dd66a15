using System.Runtime.CompilerServices;
using System.Text.Json.Serialization.Metadata;
using Drimbox.Core.Reports;
using Drimbox.Core.Requests;
using Drimbox.Core.Studies;
using Drimbox.Grains.Streams;
using Drimbox.Orleans.Reports;
using Drimbox.Orleans.Turns;
using static Drimbox.Tests.Reports.ReportFixture;

namespace Drimbox.Tests.Cluster;

/// <summary>What goes from silo to silo.</summary>
public sealed class ContractTests
{
    /// <summary>The log of the runtime has the arguments of slow and failed calls.</summary>
    [Fact]
    public void A_call_that_is_written_into_a_log_says_nothing_of_the_patient()
    {
        var call = new ReportCall(Initial("A"), null, null, null);
        Assert.Equal(nameof(ReportCall), call.ToString());
        var calls = typeof(ReportCall).Assembly.GetTypes()
            .Where(type => type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false)).ToList();
        Assert.True(calls.Count >= 5);
        Assert.All(calls, type => Assert.False(
            type.GetMethod(nameof(ToString), Type.EmptyTypes)!.IsDefined(typeof(CompilerGeneratedAttribute), false),
            $"{type.Name} writes its members"));
    }

    /// <summary>An abstract type without JsonDerivedType, or a type that no constructor makes again, would be found by the
    /// first message that has one.</summary>
    [Theory]
    [InlineData(typeof(ReportCommand))]
    [InlineData(typeof(RisRequestCommand))]
    [InlineData(typeof(PlatformRequestCommand))]
    [InlineData(typeof(StudyCommand))]
    public void Every_command_can_be_read_again(Type root)
    {
        var commands = root.Assembly.GetTypes().Where(t => t.IsSubclassOf(root)).ToList();
        Assert.NotEmpty(commands);
        var seen = new HashSet<Type>();
        foreach (var command in commands) Walk(command, command.Name, seen);
    }

    [Theory]
    [InlineData("ris/1.2/3", "ris", "1.2/3")]
    [InlineData("ris/1", "ris", "1")]
    [InlineData("ris/", null, null)]
    [InlineData("/1", null, null)]
    [InlineData("ris", null, null)]
    [InlineData(null, null, null)]
    public void A_key_is_a_node_and_an_identifier(string? key, string? node, string? id)
    {
        Assert.Equal(node is not null, GrainKey.TryParse(key, out var parsed));
        if (node is null) return;
        Assert.Equal((node, id), (parsed.Node, parsed.Id));
        Assert.Equal(key, parsed.ToString());
    }

    private static void Walk(Type type, string path, HashSet<Type> seen)
    {
        if (!seen.Add(type)) return;
        var info = EventCodec.Options.GetTypeInfo(type);
        if (info.ElementType is { } element) Walk(element, $"{path}[]", seen);
        if (info.Kind != JsonTypeInfoKind.Object) return;
        if (type.IsAbstract)
        {
            Assert.True(info.PolymorphismOptions?.DerivedTypes.Count > 0, $"{path}: {type} has no JsonDerivedType");
            foreach (var derived in info.PolymorphismOptions!.DerivedTypes) Walk(derived.DerivedType, path, seen);
            return;
        }

        // An empty object has what its constructor needs not: only whether there is a constructor is looked at.
        Assert.True(
            type.IsValueType || type.GetConstructors().Length > 0, $"{path}: {type} has no constructor for JSON");
        foreach (var property in info.Properties)
        {
            if (property is { Set: null, AssociatedParameter: null }) continue;
            Walk(property.PropertyType, $"{path}.{property.Name}", seen);
        }
    }
}
