import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { S3Store } from 'fauxqs'
import { S3Error, toXml } from './s3-error.ts'

const XML_NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'
const MAX_PAGE_SIZE = 1000
const MAX_PART_NUMBER = 10_000

type Query = Record<string, string | undefined>
type Params = { bucket?: string; '*'?: string }

/** Adds ListParts and ListMultipartUploads, which fauxqs lacks, and S3's checks of parts and their completion. */
export function serveMultipartUploads(app: FastifyInstance, store: S3Store): void {
  app.addHook('preHandler', async (request, reply) => {
    const { bucket = '', '*': key = '' } = request.params as Params
    const query = request.query as Query
    if (query.uploadId !== undefined) checkUpload(request, bucket, key, store)
    if (request.method !== 'GET') return
    if (query.uploadId !== undefined) return reply.type('application/xml').send(listParts(query, store))
    if (bucket && !key && 'uploads' in query) {
      return reply.type('application/xml').send(listUploads(bucket, query, store))
    }
  })
}

/** @throws S3Error `NoSuchUpload`, `InvalidArgument`, `MalformedXML` */
function checkUpload({ method, query, body }: FastifyRequest, bucket: string, key: string, store: S3Store) {
  const { uploadId = '', partNumber } = query as Query
  const upload = store.multipartUploads.get(uploadId)
  if (upload?.bucket !== bucket || upload.key !== key) {
    throw new S3Error(
      404,
      'NoSuchUpload',
      'The specified multipart upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
      { UploadId: uploadId },
    )
  }
  if (partNumber !== undefined && !isPartNumber(Number(partNumber))) {
    throw new S3Error(
      400,
      'InvalidArgument',
      `Part number must be an integer between 1 and ${MAX_PART_NUMBER}, inclusive`,
      { ArgumentName: 'partNumber', ArgumentValue: partNumber },
    )
  }
  if (method === 'POST' && !String(body).includes('<Part>')) {
    throw new S3Error(400, 'MalformedXML', 'You must specify at least one part')
  }
}

function isPartNumber(number: number): boolean {
  return Number.isInteger(number) && number >= 1 && number <= MAX_PART_NUMBER
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html */
function listParts(query: Query, store: S3Store): string {
  const upload = store.multipartUploads.get(query.uploadId ?? '')
  const marker = Number(query['part-number-marker'] ?? 0)
  const maximum = Math.min(Number(query['max-parts'] ?? MAX_PAGE_SIZE), MAX_PAGE_SIZE)
  const parts = [...(upload?.parts.values() ?? [])]
    .filter(({ partNumber }) => partNumber > marker)
    .toSorted((a, b) => a.partNumber - b.partNumber)
  const page = parts.slice(0, maximum)
  return toXml({
    ListPartsResult: {
      '@_xmlns': XML_NAMESPACE,
      Bucket: upload?.bucket,
      Key: upload?.key,
      UploadId: upload?.uploadId,
      StorageClass: 'STANDARD',
      PartNumberMarker: marker,
      NextPartNumberMarker: page.at(-1)?.partNumber ?? 0,
      MaxParts: maximum,
      IsTruncated: page.length < parts.length,
      Part: page.map(({ partNumber, lastModified, etag, body }) => ({
        PartNumber: partNumber,
        LastModified: lastModified.toISOString(),
        ETag: etag,
        Size: body.length,
      })),
    },
  })
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html */
function listUploads(bucket: string, query: Query, store: S3Store): string {
  const { prefix = '', 'key-marker': key, 'upload-id-marker': id } = query
  const maximum = Math.min(Number(query['max-uploads'] ?? MAX_PAGE_SIZE), MAX_PAGE_SIZE)
  const uploads = [...store.multipartUploads.values()]
    .filter((upload) => upload.bucket === bucket && upload.key.startsWith(prefix))
    .map((upload) => ({ ...upload, position: `${upload.key}\0${upload.uploadId}` }))
    .filter(({ position }) => key === undefined || position > `${key}\0${id ?? '\uffff'}`)
    .toSorted((a, b) => (a.position < b.position ? -1 : 1))
  const page = uploads.slice(0, maximum)
  const truncated = page.length < uploads.length
  return toXml({
    ListMultipartUploadsResult: {
      '@_xmlns': XML_NAMESPACE,
      Bucket: bucket,
      Prefix: prefix,
      KeyMarker: key,
      UploadIdMarker: id,
      NextKeyMarker: truncated ? page.at(-1)?.key : undefined,
      NextUploadIdMarker: truncated ? page.at(-1)?.uploadId : undefined,
      MaxUploads: maximum,
      IsTruncated: truncated,
      Upload: page.map(({ key: Key, uploadId, initiated }) => ({
        Key,
        UploadId: uploadId,
        Initiated: initiated.toISOString(),
        StorageClass: 'STANDARD',
      })),
    },
  })
}
