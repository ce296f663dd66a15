'use strict';
// node client.js ROOT OPERATION [ARGUMENT...]: one call of dicomweb-client; what came back is one line of JSON.
// Bytes are told by their SHA-256.
const crypto = require('crypto');
const fs = require('fs');

// The client speaks XMLHttpRequest, which Node lacks: as much of it as the client uses.
globalThis.XMLHttpRequest = class {
  constructor() {
    this.readyState = 0;
    this.responseType = '';
    this.sent = {};
  }

  open(method, url) {
    this.method = method.toUpperCase();
    this.url = url;
  }

  setRequestHeader(name, value) {
    this.sent[name] = value;
  }

  getResponseHeader(name) {
    return this.headers.get(name);
  }

  getAllResponseHeaders() {
    return [...this.headers].map(([name, value]) => `${name}: ${value}`).join('\r\n');
  }

  async send(body) {
    const answer = await fetch(this.url, { method: this.method, headers: this.sent, body });
    this.status = answer.status;
    this.headers = answer.headers;
    const bytes = await answer.arrayBuffer();
    const text = new TextDecoder().decode(bytes);
    if (this.responseType === 'arraybuffer') this.response = bytes;
    else if (this.responseType === 'json') this.response = text ? JSON.parse(text) : null;
    else this.response = text;
    this.readyState = 4;
    this.onreadystatechange();
  }
};

const { api } = require('dicomweb-client');
const [root, operation, ...rest] = process.argv.slice(2);
const client = new api.DICOMwebClient({ url: root, verbose: false });
const hash = buffer => crypto.createHash('sha256').update(Buffer.from(buffer)).digest('hex');
const hashes = buffers => buffers.map(hash);
const [studyInstanceUID, seriesInstanceUID, sopInstanceUID] = rest;
const instance = { studyInstanceUID, seriesInstanceUID, sopInstanceUID };

const operations = {
  store: async () => JSON.parse(await client.storeInstances({
    datasets: rest.map(path => new Uint8Array(fs.readFileSync(path)).buffer),
  })),
  studies: () => client.searchForStudies({ queryParams: JSON.parse(rest[0] ?? '{}') }),
  series: () => client.searchForSeries({ studyInstanceUID }),
  instances: () => client.searchForInstances({ studyInstanceUID, seriesInstanceUID }),
  studyMetadata: () => client.retrieveStudyMetadata({ studyInstanceUID }),
  instanceMetadata: () => client.retrieveInstanceMetadata(instance),
  study: async () => hashes(await client.retrieveStudy({ studyInstanceUID })),
  oneSeries: async () => hashes(await client.retrieveSeries({ studyInstanceUID, seriesInstanceUID })),
  instance: async () => [hash(await client.retrieveInstance(instance))],
  frames: async () => hashes(await client.retrieveInstanceFrames({ ...instance, frameNumbers: rest[3] })),
  bulkData: async () => hashes(await client.retrieveBulkData({ BulkDataURI: rest[0] })),
};

operations[operation]()
  .then(result => console.log(JSON.stringify({ result })))
  .catch(error => console.log(JSON.stringify({ error: String(error.message), status: error.status })));
