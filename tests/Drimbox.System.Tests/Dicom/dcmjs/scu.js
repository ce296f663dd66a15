'use strict';
// node scu.js PORT OPERATION [ARGUMENT...]: one association with ARCHIVE as MODALITY; what came back is one line of
// JSON: { statuses, datasets, stored, events, error }.
const dimse = require('dcmjs-dimse');
const { Client, Dataset } = dimse;
const { UserIdentityType } = dimse.constants;
const requests = dimse.requests;

dimse.log.setLevel('silent');
const [port, operation, ...rest] = process.argv.slice(2);
const client = new Client();
const result = { statuses: [], comments: [], datasets: [], stored: [], events: [] };
const options = {};

// PS3.4 J.3.5 and the SOP classes that the tests speak of.
const commitment = '1.2.840.10008.1.20.1';
const commitmentInstance = '1.2.840.10008.1.20.1.1';
const step = '1.2.840.10008.3.1.2.3.3';
const stepRetrieve = '1.2.840.10008.3.1.2.3.4';
const worklist = '1.2.840.10008.5.1.4.31';
const notification = '1.2.840.10008.5.1.4.33';

function add(request, dataset) {
  if (dataset) request.setDataset(new Dataset(dataset));
  request.on('response', (response) => {
    result.statuses.push(response.getStatus());
    const comment = response.getCommandDataset().getElement('ErrorComment');
    if (comment) result.comments.push(comment);
    if (response.hasDataset()) result.datasets.push(response.getDataset().getElements());
  });
  client.addRequest(request);
}

const operations = {
  echo: () => add(new requests.CEchoRequest()),
  store: () => rest.forEach((file) => add(new requests.CStoreRequest(file))),
  find: () => add(requests.CFindRequest.createStudyFindRequest({ StudyInstanceUID: rest[0], PatientName: '' })),
  worklist: () => {
    // createWorklistFindRequest asks for more, among it Pregnancy Status, which it writes as the number 0 and no key.
    const request = new requests.CFindRequest();
    request.setAffectedSopClassUid(worklist);
    add(request, {
      PatientName: '',
      ScheduledProcedureStepSequence: [{ Modality: rest[0], ScheduledProcedureStepStartDate: '' }],
    });
  },
  move: () => add(requests.CMoveRequest.createStudyMoveRequest(rest[1], rest[0])),
  get: () => add(requests.CGetRequest.createStudyGetRequest(rest[0])),
  create: () => add(new requests.NCreateRequest(step, rest[0]), JSON.parse(rest[1])),
  set: () => add(new requests.NSetRequest(step, rest[0]), JSON.parse(rest[1])),
  retrieve: () => add(new requests.NGetRequest(stepRetrieve, rest[0], rest.slice(1))),
  remove: () => add(new requests.NDeleteRequest(step, rest[0])),
  notify: () => add(new requests.NCreateRequest(notification, rest[0]), JSON.parse(rest[1])),
  commit: () => {
    // The report may come over this association: it stays open for a while after the response.
    options.associationLingerTimeout = Number(rest[3] || 0);
    add(new requests.NActionRequest(commitment, commitmentInstance, 1), {
      TransactionUID: rest[0],
      ReferencedSOPSequence: [{ ReferencedSOPClassUID: rest[1], ReferencedSOPInstanceUID: rest[2] }],
    });
  },
  identity: () => {
    options.userIdentity = {
      type: UserIdentityType.UsernameAndPasscode,
      positiveResponseRequested: true,
      primaryField: rest[0],
      secondaryField: rest[1],
    };
    add(new requests.CEchoRequest());
  },
  window: () => {
    options.asyncOps = { maxAsyncOpsInvoked: 8, maxAsyncOpsPerformed: 8 };
    for (let i = 0; i < 8; i += 1) add(new requests.CEchoRequest());
    rest.forEach((file) => add(new requests.CStoreRequest(file)));
  },
};

client.on('cStoreRequest', (request, callback) => {
  result.stored.push(request.getAffectedSopInstanceUid());
  const response = dimse.responses.CStoreResponse.fromRequest(request);
  response.setStatus(0);
  callback(response);
});
client.on('nEventReportRequest', (request, callback) => {
  result.events.push({ type: request.getEventTypeId(), dataset: request.getDataset().getElements() });
  const response = dimse.responses.NEventReportResponse.fromRequest(request);
  response.setStatus(0);
  callback(response);
});
client.on('associationAccepted', (association) => {
  result.identityAnswered = association.getNegotiateUserIdentityServerResponse();
});
client.on('associationRejected', (reject) => {
  result.rejected = [reject.result, reject.source, reject.reason];
});
client.on('networkError', (error) => {
  result.error = String(error.message || error);
});
client.on('closed', () => {
  process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exit(0);
});

operations[operation]();
client.send('127.0.0.1', Number(port), 'MODALITY', 'ARCHIVE', options);
