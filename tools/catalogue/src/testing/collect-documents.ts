import { type Bucket, getText, listObjects, putCollected } from '@darkroom/bucket'
import {
  type MetadataDocument,
  OUTCOMES,
  parseMetadataKey,
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
  const lines = some.flatMap((event) => {
    const read = readCollected(JSON.stringify(event))
    return read.kind === undefined ? [] : [toCollectedLine(read.event, time)]
  })
  events += 1
  await putCollected(bucket, { kind: OUTCOMES, time, file: events.toString(16).padStart(8, '0') }, lines)
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
