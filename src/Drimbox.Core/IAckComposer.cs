namespace Drimbox.Core;

/// <summary>Writes the acknowledgement of a message inside the turn that decides it. The HL7 engine implements it;
/// tests of grains have one of their own.</summary>
public interface IAckComposer
{
    /// <summary>The text of the acknowledgement and its code (AA, AE or AR).</summary>
    /// <param name="header">The MSH segment of the message.</param>
    (string Ack, string Code) Compose(string header, Refusal? refusal);
}
