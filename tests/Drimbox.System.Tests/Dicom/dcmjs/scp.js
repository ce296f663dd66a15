'use strict';
// node scp.js PORT: answers all that is asked and writes each request as one line of JSON.
const dimse = require('dcmjs-dimse');
const { Dataset, Scp, Server } = dimse;
const { PresentationContextResult, TransferSyntax } = dimse.constants;
const responses = dimse.responses;

dimse.log.setLevel('silent');
const kept = [];

function tell(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function answer(type, request, callback, dataset) {
  const response = responses[`${type}Response`].fromRequest(request);
  response.setStatus(0);
  if (dataset) response.setDataset(new Dataset(dataset));
  tell({
    type,
    instance: request.getAffectedSopInstanceUid() || request.getRequestedSopInstanceUid(),
    dataset: request.hasDataset() && type !== 'CStore' ? request.getDataset().getElements() : undefined,
  });
  callback(response);
}

class Peer extends Scp {
  associationRequested(association) {
    this.association = association;
    association.getPresentationContexts().forEach(({ id }) => {
      const context = association.getPresentationContext(id);
      const syntax = context.getTransferSyntaxUids().find(
        (uid) => uid === TransferSyntax.ExplicitVRLittleEndian || uid === TransferSyntax.ImplicitVRLittleEndian);
      if (syntax) context.setResult(PresentationContextResult.Accept, syntax);
      else context.setResult(PresentationContextResult.RejectTransferSyntaxesNotSupported);
    });
    this.sendAssociationAccept();
  }

  cEchoRequest(request, callback) { answer('CEcho', request, callback); }

  cStoreRequest(request, callback) {
    kept.push(request.getDataset());
    answer('CStore', request, callback);
  }

  cFindRequest(request, callback) {
    tell({ type: 'CFind', dataset: request.getDataset().getElements() });
    const pending = kept.map((dataset) => {
      const response = responses.CFindResponse.fromRequest(request);
      response.setDataset(new Dataset({
        SOPInstanceUID: dataset.getElement('SOPInstanceUID'),
        PatientName: dataset.getElement('PatientName'),
      }));
      response.setStatus(0xff00);
      return response;
    });
    const final = responses.CFindResponse.fromRequest(request);
    final.setStatus(0);
    callback([...pending, final]);
  }

  cGetRequest(request, callback) {
    const stores = kept.map((dataset) => new dimse.requests.CStoreRequest(dataset));
    let left = stores.length;
    const final = () => {
      const response = responses.CGetResponse.fromRequest(request);
      response.setStatus(0);
      response.setCompleted(stores.length);
      callback([response]);
    };
    stores.forEach((store) => store.on('response', () => {
      left -= 1;
      if (left === 0) final();
    }));
    this.sendRequests(stores);
  }

  nCreateRequest(request, callback) { answer('NCreate', request, callback, { PatientID: 'CREATED' }); }

  nSetRequest(request, callback) { answer('NSet', request, callback); }

  nGetRequest(request, callback) { answer('NGet', request, callback, { PatientID: 'GOT' }); }

  nActionRequest(request, callback) { answer('NAction', request, callback); }

  nDeleteRequest(request, callback) { answer('NDelete', request, callback); }

  nEventReportRequest(request, callback) { answer('NEventReport', request, callback); }

  associationReleaseRequested() { this.sendAssociationReleaseResponse(); }
}

const server = new Server(Peer);
server.on('networkError', (error) => tell({ type: 'error', message: String(error) }));
server.listen(Number(process.argv[2]));
