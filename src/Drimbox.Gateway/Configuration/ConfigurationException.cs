namespace Drimbox.Gateway.Configuration;

/// <summary>A configuration that can be read but not carried out. The message begins with the key.</summary>
internal sealed class ConfigurationException(string message, Exception innerException) : Exception(message, innerException);
