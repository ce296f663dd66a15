using System.Runtime.CompilerServices;

// The writer and the migrations are tested with faults that no caller of a store can bring about.
[assembly: InternalsVisibleTo("Drimbox.Protocols.Tests")]
[assembly: InternalsVisibleTo("benchmarks")]
