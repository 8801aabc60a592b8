import { createHash } from 'node:crypto'
import { NoSuchKey, NoSuchUpload, NotFound, S3ServiceException } from '@aws-sdk/client-s3'

/** The part of a command's input that this S3 knows. */
// biome-ignore lint/suspicious/noExplicitAny: the union of the inputs of all commands
export type Input = Record<string, any>

export interface Stored {
  body: Buffer
  etag: string
  /** Unix milliseconds, whole seconds as in S3. */
  written: number
  contentType?: string
  metadata: Record<string, string>
}

interface Upload {
  key: string
  contentType?: string
  metadata: Record<string, string>
  initiated: number
  parts: Map<number, { body: Buffer; etag: string }>
}

/** The file name, as metadata, of images that this S3 refuses to store. */
export const REFUSED_FILENAME = 'refused.png'
export const REFUSED_METADATA = Buffer.from(REFUSED_FILENAME).toString('base64url')

/** A bucket in memory. Every command is one atomic step, and what was written is read at once, as in S3. */
export interface MemoryS3 {
  objects: Map<string, Stored>
  uploads: Map<string, Upload>
  /** @throws what S3 answers */
  run(command: string, input: Input): unknown
}

/** @param onWritten called with each object that was written @param onChanged called after each change */
export function createMemoryS3(
  now: () => number,
  onWritten: (key: string, object: Stored) => void,
  onChanged: (key: string) => void,
): MemoryS3 {
  const objects: MemoryS3['objects'] = new Map()
  const uploads: MemoryS3['uploads'] = new Map()
  let begun = 0

  const write = (Key: string, object: Omit<Stored, 'written'>) => {
    const stored = { ...object, written: Math.floor(now() / 1000) * 1000 }
    objects.set(Key, stored)
    onWritten(Key, stored)
    onChanged(Key)
    return { ETag: object.etag }
  }
  const requireCondition = ({ Key, IfMatch, IfNoneMatch }: Input) => {
    const stored = objects.get(Key)
    if (IfNoneMatch === '*' && stored) throw preconditionFailed()
    if (IfMatch === undefined) return
    if (!stored) throw noSuchKey()
    if (stored.etag !== IfMatch) throw preconditionFailed()
  }
  const requireUpload = (UploadId: string) => {
    const upload = uploads.get(UploadId)
    if (upload) return upload
    throw new NoSuchUpload({ message: 'no such upload', $metadata: { httpStatusCode: 404 } })
  }
  const commands: Record<string, (input: Input) => unknown> = {
    PutObject: (input) => {
      if (input.Metadata?.filename === REFUSED_METADATA) throw metadataTooLarge()
      requireCondition(input)
      const body = Buffer.from(input.Body)
      const described = { contentType: input.ContentType, metadata: input.Metadata ?? {} }
      return write(input.Key, { body, etag: etagOf(body), ...described })
    },
    CopyObject: (input) => {
      const [, ...key] = decodeURIComponent(input.CopySource).split('/')
      const source = objects.get(key.join('/'))
      if (!source) throw noSuchKey()
      if (input.CopySourceIfMatch && input.CopySourceIfMatch !== source.etag) throw preconditionFailed()
      requireCondition(input)
      const replaces = input.MetadataDirective === 'REPLACE'
      return write(input.Key, {
        ...source,
        ...(replaces && { contentType: input.ContentType, metadata: input.Metadata ?? {} }),
      })
    },
    GetObject: ({ Key }) => {
      const stored = objects.get(Key)
      if (!stored) throw noSuchKey()
      return { ...describe(stored), Body: new MemoryBody(stored.body) }
    },
    HeadObject: ({ Key }) => {
      const stored = objects.get(Key)
      if (!stored) throw new NotFound({ message: 'not found', $metadata: { httpStatusCode: 404 } })
      return describe(stored)
    },
    DeleteObject: ({ Key }) => {
      if (objects.delete(Key)) onChanged(Key)
      return {}
    },
    ListObjectsV2: (input) => list(objects, input),
    CreateMultipartUpload: ({ Key, ContentType, Metadata = {} }) => {
      const UploadId = `upload-${++begun}`
      uploads.set(UploadId, {
        key: Key,
        contentType: ContentType,
        metadata: Metadata,
        initiated: now(),
        parts: new Map(),
      })
      return { UploadId }
    },
    UploadPart: ({ UploadId, PartNumber, Body }) => {
      const body = Buffer.from(Body)
      requireUpload(UploadId).parts.set(PartNumber, { body, etag: etagOf(body) })
      return { ETag: etagOf(body) }
    },
    ListParts: ({ UploadId }) => {
      const parts = [...requireUpload(UploadId).parts].toSorted(([a], [b]) => a - b)
      return {
        Parts: parts.map(([PartNumber, { body, etag }]) => ({ PartNumber, Size: body.length, ETag: etag })),
      }
    },
    CompleteMultipartUpload: ({ UploadId, MultipartUpload }) => {
      const { key, parts, contentType, metadata } = requireUpload(UploadId)
      const chosen: Buffer[] = MultipartUpload.Parts.map(
        ({ PartNumber }: { PartNumber: number }) => parts.get(PartNumber)?.body,
      )
      const body = Buffer.concat(chosen)
      uploads.delete(UploadId)
      return write(key, { body, etag: etagOf(body), metadata, ...(contentType && { contentType }) })
    },
    AbortMultipartUpload: ({ UploadId }) => {
      const { key } = requireUpload(UploadId)
      uploads.delete(UploadId)
      onChanged(key)
      return {}
    },
    ListMultipartUploads: ({ Prefix = '' }) => ({
      Uploads: [...uploads]
        .filter(([, { key }]) => key.startsWith(Prefix))
        .map(([UploadId, { key, initiated }]) => ({ Key: key, UploadId, Initiated: new Date(initiated) })),
    }),
  }
  return {
    objects,
    uploads,
    run: (command, input) => {
      const run = commands[command]
      if (!run) throw new Error(`the simulated S3 does not know ${command}`)
      return run(input)
    },
  }
}

function describe({ body, etag, contentType, metadata, written }: Stored) {
  return {
    ETag: etag,
    ContentLength: body.length,
    ContentType: contentType,
    Metadata: metadata,
    LastModified: new Date(written),
  }
}

function list(objects: MemoryS3['objects'], input: Input) {
  const { Prefix = '', Delimiter, MaxKeys = 1000 } = input
  const after = input.ContinuationToken ?? input.StartAfter ?? ''
  const keys = [...objects.keys()].filter((key) => key.startsWith(Prefix) && key > after).toSorted()
  if (Delimiter) {
    const folders = keys.flatMap((key) => {
      const end = key.indexOf(Delimiter, Prefix.length)
      return end === -1 ? [] : key.slice(0, end + 1)
    })
    return { CommonPrefixes: [...new Set(folders)].map((folder) => ({ Prefix: folder })) }
  }
  const page = keys.slice(0, MaxKeys)
  return {
    Contents: page.map((Key) => {
      const { body, etag, written } = objects.get(Key) as Stored
      return { Key, Size: body.length, ETag: etag, LastModified: new Date(written) }
    }),
    IsTruncated: keys.length > page.length,
    ...(keys.length > page.length && { NextContinuationToken: page.at(-1) }),
  }
}

/** The parts of the SDK's body that are used. */
class MemoryBody {
  readonly bytes: Buffer

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  transformToString = async () => this.bytes.toString()
  transformToByteArray = async () => new Uint8Array(this.bytes)
  destroy = () => {}

  async *[Symbol.asyncIterator]() {
    yield this.bytes
  }
}

function etagOf(body: Buffer): string {
  return `"${createHash('md5').update(body).digest('hex')}"`
}

export function noSuchKey() {
  return new NoSuchKey({ message: 'no such key', $metadata: { httpStatusCode: 404 } })
}

/** One of the answers that S3 would repeat. */
function metadataTooLarge() {
  return new S3ServiceException({
    name: 'MetadataTooLarge',
    $fault: 'client',
    message: 'the metadata is too large',
    $metadata: { httpStatusCode: 400 },
  })
}

function preconditionFailed() {
  return new S3ServiceException({
    name: 'PreconditionFailed',
    $fault: 'client',
    message: 'a condition was not met',
    $metadata: { httpStatusCode: 412 },
  })
}
