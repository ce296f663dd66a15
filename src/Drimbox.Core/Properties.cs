using System.Runtime.CompilerServices;

// A Submission can be made only in this assembly (docs/adr/0002); the tests that need one are the only others.
[assembly: InternalsVisibleTo("Drimbox.Core.Tests")]
[assembly: InternalsVisibleTo("Drimbox.Protocols.Tests")]
[assembly: InternalsVisibleTo("Drimbox.Roles.Tests")]
