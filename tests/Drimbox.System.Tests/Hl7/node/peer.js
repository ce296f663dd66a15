'use strict';
// node peer.js parse LIST            of a list of files with paths prints the values there, and whether each message
//                                    comes back as it was
// node peer.js send PORT FILE…       sends the messages and prints how each is answered
// node peer.js serve PORT            answers AA to all that comes and prints it
const fs = require('node:fs');
const { Client, Message } = require('node-hl7-client');

const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const read = (path) => fs.readFileSync(path, 'utf8').replace(/\r$/, '');

function parse({ file, paths }) {
  const text = read(file);
  const message = new Message({ text });
  tell({
    values: paths.map((path) => message.get(path).toString()),
    again: message.toString().replace(/\r$/, '') === text,
  });
}

function send(port, files) {
  const client = new Client({ host: '127.0.0.1' });
  const waiting = [...files];
  let connection;
  const next = () => {
    if (waiting.length === 0) {
      connection.close().then(() => process.exit(0));
      return;
    }

    connection.sendMessage(new Message({ text: read(waiting.shift()) }));
  };
  connection = client.createConnection({ port, waitAck: true }, async (response) => {
    const answer = response.getMessage();
    tell({
      code: answer.get('MSA.1').toString(),
      id: answer.get('MSA.2').toString(),
      error: answer.get('ERR.3.1').toString(),
    });
    next();
  });
  connection.once('connect', next);
  connection.on('client.error', (error) => tell({ failed: String(error) }));
}

function serve(port) {
  const { Server } = require('node-hl7-server');
  const server = new Server({ bindAddress: '127.0.0.1' });
  const inbound = server.createInbound({ port }, async (request, response) => {
    const message = request.getMessage();
    tell({ type: message.get('MSH.9.1').toString(), id: message.get('MSH.10').toString() });
    await response.sendResponse('AA');
  });
  inbound.on('listen', () => tell({ listens: true }));
}

const [operation, ...rest] = process.argv.slice(2);
if (operation === 'parse') JSON.parse(read(rest[0])).forEach(parse);
else if (operation === 'send') send(Number(rest[0]), rest.slice(1));
else serve(Number(rest[0]));
