using System.CommandLine;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Gateway.Commands.Dicom;

/// <summary>The information model of a query (PS3.4 C.6 and K.6).</summary>
internal enum QueryModel
{
    Study,
    Patient,
    Worklist,
}

/// <summary>Model, level and keys of find, move and get.</summary>
internal static class QueryArguments
{
    public static readonly Option<string[]> Keys = new("--key", "-k")
    {
        Description = "A key: Keyword=value or GGGG,EEEE=value; without a value the peer is asked for it. Into the item "
            + "of a sequence: ScheduledProcedureStepSequence.Modality=CT. Repeatable.",
        HelpName = "KEY=VALUE",
    };

    public static readonly Option<string?> Level = LevelOption();

    /// <summary>Model of a query: with worklists.</summary>
    public static readonly Option<QueryModel> Model = new("--model")
    {
        Description = "Information model: study, patient (root) or worklist.",
        HelpName = "study|patient|worklist",
    };

    /// <summary>Model of a retrieve: there is none for worklists.</summary>
    public static readonly Option<QueryModel> RetrieveModel = RetrieveModelOption();

    public static readonly Option<bool> Relational = new("--relational")
    {
        Description = "Ask the peer for relational queries, which may leave out the keys of the levels above.",
    };

    private static readonly string[] Levels = ["PATIENT", "STUDY", "SERIES", "IMAGE"];

    // PS3.4 C.6: the unique key of each level.
    private static readonly Tag[] UniqueKeys =
        [Tag.PatientID, Tag.StudyInstanceUID, Tag.SeriesInstanceUID, Tag.SOPInstanceUID];

    /// <summary>The identifier of a C-FIND-RQ: what was given, and the usual return keys of the level.</summary>
    /// <exception cref="CommandException">A key that is none.</exception>
    public static DataSet QueryIdentifier(ParseResult parsed)
    {
        var model = parsed.GetValue(Model);
        var builder = new IdentifierBuilder();
        if (model != QueryModel.Worklist)
        {
            var level = LevelOf(parsed, model, hasKeys: false, builder);
            builder.Add($"QueryRetrieveLevel={level}");
            foreach (var key in ReturnKeys(level)) builder.AddReturn(key);
        }
        else
        {
            foreach (var key in WorklistKeys) builder.AddReturn(key);
        }

        foreach (var key in parsed.GetValue(Keys) ?? []) builder.Add(key);
        return builder.Build();
    }

    /// <summary>The identifier of a C-MOVE-RQ or C-GET-RQ: the unique keys that were given (PS3.4 C.4.2.1.4).</summary>
    public static DataSet RetrieveIdentifier(ParseResult parsed)
    {
        var builder = new IdentifierBuilder();
        foreach (var key in parsed.GetValue(Keys) ?? []) builder.Add(key);
        var level = LevelOf(parsed, parsed.GetValue(RetrieveModel), hasKeys: true, builder);
        builder.Add($"QueryRetrieveLevel={level}");
        var identifier = builder.Build();
        var unique = UniqueKeys[Array.IndexOf(Levels, level)];
        if (identifier.GetString(unique) is null)
        {
            throw new CommandException(
                ExitCode.Usage,
                $"A retrieve at level {level} needs {DataDictionary.KeywordOf(unique)}: --key "
                + $"{DataDictionary.KeywordOf(unique)}=… (PS3.4 C.4.2.1.4).");
        }

        return identifier;
    }

    /// <summary>What is to be agreed on beside the contexts. Source: PS3.4 C.5.</summary>
    public static IReadOnlyList<SopClassExtendedNegotiation> Extended(ParseResult parsed, Uid sopClass) =>
        parsed.GetValue(Relational)
            ? [ExtendedNegotiation.Encode(sopClass, QueryOptions.Relational, IsRetrieve(parsed))]
            : [];

    /// <summary>Says so where the peer did not agree.</summary>
    public static void Check(ParseResult parsed, Association association, Uid sopClass)
    {
        if (parsed.GetValue(Relational)
            && ExtendedNegotiation.Agreed(association.Negotiated, sopClass, IsRetrieve(parsed)) == QueryOptions.None)
            CommandOutput.Of(parsed).Note("The peer does not agree on relational queries; it is asked all the same.");
    }

    public static Uid FindSopClass(QueryModel model) => model switch
    {
        QueryModel.Worklist => SopClass.ModalityWorklistInformationModelFind,
        QueryModel.Patient => SopClass.PatientRootQueryRetrieveInformationModelFind,
        _ => SopClass.StudyRootQueryRetrieveInformationModelFind,
    };

    private static string LevelOf(ParseResult parsed, QueryModel model, bool hasKeys, IdentifierBuilder builder)
    {
        if (parsed.GetValue(Level) is { } given) return given.ToUpperInvariant();
        // The lowest level whose unique key has a value is what the caller means.
        if (hasKeys && Array.FindLastIndex(UniqueKeys, builder.HasValue) is var lowest and >= 0
            && (lowest > 0 || model == QueryModel.Patient)) return Levels[lowest];
        return model == QueryModel.Patient ? Levels[0] : Levels[1];
    }

    private static bool IsRetrieve(ParseResult parsed) =>
        parsed.CommandResult.Command.Options.Contains(RetrieveModel);

    private static string[] ReturnKeys(string level) => level switch
    {
        "PATIENT" => ["PatientName", "PatientID", "PatientBirthDate", "PatientSex"],
        "SERIES" =>
        [
            "StudyInstanceUID", "SeriesInstanceUID", "SeriesNumber", "Modality", "SeriesDescription",
            "NumberOfSeriesRelatedInstances",
        ],
        "IMAGE" => ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "InstanceNumber"],
        _ =>
        [
            "PatientName", "PatientID", "StudyDate", "StudyTime", "AccessionNumber", "ModalitiesInStudy",
            "StudyDescription", "NumberOfStudyRelatedInstances", "StudyInstanceUID",
        ],
    };

    private static readonly string[] WorklistKeys =
    [
        "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "AccessionNumber", "RequestedProcedureID",
        "RequestedProcedureDescription", "StudyInstanceUID",
        "ScheduledProcedureStepSequence.ScheduledStationAETitle",
        "ScheduledProcedureStepSequence.ScheduledProcedureStepStartDate",
        "ScheduledProcedureStepSequence.ScheduledProcedureStepStartTime",
        "ScheduledProcedureStepSequence.Modality",
        "ScheduledProcedureStepSequence.ScheduledProcedureStepDescription",
        "ScheduledProcedureStepSequence.ScheduledProcedureStepID",
    ];

    private static Option<string?> LevelOption()
    {
        var option = new Option<string?>("--level")
        {
            Description = "PATIENT, STUDY, SERIES or IMAGE. Default for find: STUDY (PATIENT with --model patient); for "
                + "move and get: the lowest one whose unique key is given.",
            HelpName = "LEVEL",
        };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } level && !Levels.Contains(level.ToUpperInvariant()))
                result.AddError($"'{level}' is no level: PATIENT, STUDY, SERIES or IMAGE.");
        });
        return option;
    }

    private static Option<QueryModel> RetrieveModelOption()
    {
        var option = new Option<QueryModel>("--model")
        {
            Description = "Information model: study or patient (root).",
            HelpName = "study|patient",
        };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<QueryModel>() == QueryModel.Worklist)
                result.AddError("There is nothing to retrieve from a worklist: --model study or patient.");
        });
        return option;
    }
}
