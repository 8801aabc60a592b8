export {
  createApiKey,
  deleteApiKey,
  endApiKey,
  hasApiKeys,
  listApiKeys,
  type StoredKey,
  storeKey,
} from './api-keys.ts'
export { openAuditTrail, putAuditEntries, readAuditEntries } from './audit-trail.ts'
export { type Bucket, type BucketSettings, openBucket, requireBucket } from './bucket.ts'
export { createClaim, linkClaim } from './claims.ts'
export { type CollectedFile, listCollected, putCollected } from './collected.ts'
export { type FoundDocument, getDocument, getDocumentText, putDocument } from './documents.ts'
export {
  beginErasure,
  endErasure,
  findEraser,
  isErasing,
  listErasures,
} from './erasures.ts'
export { decideImageId, findDecidedId } from './events.ts'
export { findKnownBytes, forgetBytes, type HashedImage, type KnownBytes, rememberBytes } from './hashes.ts'
export { isHeld, placeHold, releaseHold } from './holds.ts'
export { deleteEverything, everythingOf, type ImageObjects } from './image-objects.ts'
export { deleteLinked, listLinks } from './links.ts'
export {
  type AppDay,
  listApps,
  listDates,
  listImages,
  listImagesPage,
  listStored,
  listVariants,
} from './listings.ts'
export { type ImagesPage, listNewestImages } from './newest-images.ts'
export { deleteObject, getText, listFolders, listObjects, type StoredObject } from './objects.ts'
export {
  createOriginal,
  findHashes,
  findOriginal,
  getOriginal,
  hasHash,
  hasOriginal,
  isAccepted,
  type Original,
  type OriginalHashes,
  readStored,
  type StoredOriginal,
  type StoredSource,
} from './originals.ts'
export { chainReceipt, newestReceipt, newReceipt, sequenceOf } from './receipts.ts'
export {
  getReconciled,
  getRowsCompared,
  getTablesMaintained,
  putReconciled,
  putRowsCompared,
  putTablesMaintained,
  type RowsCompared,
  type TablesMaintained,
} from './reconciled.ts'
export { putRejected, putRejectedList, rejectedImage } from './rejected.ts'
export { divideApps, endOf, type ScannedDay, scanDays } from './scan-days.ts'
export { deleteSettings, getSettings, listSettings, putSettings, SETTINGS_TIMEOUTS } from './settings.ts'
export {
  completeMultipartUpload,
  discardUploads,
  listMultipartUploads,
  listParts,
  listPendingParts,
  listStagedUploads,
  type PendingParts,
  type PlannedUpload,
  readUploadDetails,
  SIGNER_SETTINGS,
  type StagedUpload,
  signMultipartRequest,
  signMultipartUpload,
  signUploadForm,
  type UploadedPart,
} from './uploads.ts'
export { putVariant, signVariant, tidyVariants } from './variants.ts'
