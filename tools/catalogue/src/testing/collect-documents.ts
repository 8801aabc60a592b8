import { randomUUID } from 'node:crypto'
import { type Bucket, getText, listObjects, putCollected } from '@darkroom/bucket'
import {
  type MetadataDocument,
  parseMetadataKey,
  REFUSALS,
  type Refusal,
  readCollected,
  readDocument,
  toCollectedLine,
} from '@darkroom/core'

let events = 0

/** The event of a document: its sequence is greater than those of all events before. */
export function eventOf(
  document: object & Pick<MetadataDocument, 'image_id' | 'status'>,
): Record<string, unknown> {
  events += 1
  const sequence = (BigInt(Date.now()) * 65_536n + BigInt(events)).toString(16).toUpperCase()
  return {
    type: `image.${document.status}.v1`,
    time: new Date().toISOString(),
    subject: document.image_id,
    sequence: sequence.padStart(18, '0').padEnd(32, '0'),
    data: document,
  }
}

/** Writes events into a file, as collectEvents does. */
export async function collectEvents(
  bucket: Bucket,
  some: object[],
  time = new Date().toISOString(),
): Promise<void> {
  const read = some.flatMap((event) => {
    const found = readCollected(JSON.stringify(event))
    return found.kind === undefined ? [] : [{ kind: found.kind, line: toCollectedLine(found.event, time) }]
  })
  for (const [kind, lines] of Map.groupBy(read, ({ kind }) => kind)) {
    events += 1
    const file = events.toString(16).padStart(8, '0')
    await putCollected(
      bucket,
      { kind, time, file },
      lines.map(({ line }) => line),
    )
  }
}

/** The event of refused images. */
export function refusalOf(data: Partial<Refusal>, time = new Date()): Record<string, unknown> {
  return {
    specversion: '1.0',
    id: randomUUID(),
    source: '/darkroom/upload-api',
    type: REFUSALS,
    time: time.toISOString(),
    datacontenttype: 'application/json',
    data: {
      schema_version: 1,
      app: 'web-app-1',
      origin: 'http',
      refusal_type: 'type-mismatch',
      refusals: 1,
      ...data,
    },
  }
}

/** Announces every document of a bucket, as image-processor and collectEvents do. Those that cannot be read are left out. */
export async function collectStored(bucket: Bucket): Promise<void> {
  const found: object[] = []
  for await (const { key } of listObjects(bucket, 'metadata/')) {
    const text = (await getText(bucket, key))?.text ?? ''
    const image = parseMetadataKey(key)
    if (image && readDocument(text, image).document) found.push(eventOf(JSON.parse(text)))
  }
  await collectEvents(bucket, found)
}
