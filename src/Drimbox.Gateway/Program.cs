using Drimbox.Gateway.Commands;

return await DrimboxCommand.RunAsync(args);
