import { gunzipSync } from 'node:zlib'
import { dateOf, type ImageId, OUTCOMES, parseCollectedKey, parseMetadataKey } from '@darkroom/core'
import type { Ledger } from './oracle.ts'
import type { World } from './world.ts'

/** A line of a collected file, and the kind of the file. */
interface Row {
  kind: string
  subject: ImageId
  id: string
  dt: string
  sequence: string
  collected_at: string
  data?: Record<string, unknown>
}

function collectedRows({ s3 }: Pick<World, 's3'>): Row[] {
  return [...s3.objects].flatMap(([key, { body }]) => {
    const kind = parseCollectedKey(key)?.kind
    if (kind === undefined) return []
    const lines = gunzipSync(body).toString().trimEnd().split('\n')
    return lines.map((line): Row => ({ ...JSON.parse(line), kind }))
  })
}

/** What the table has of each image after a merge: the event with the greatest sequence that has a document. */
function mergedRows(rows: Row[], { sequenceIgnored }: World['sabotage']): Map<ImageId, Row> {
  const order = ({ sequence, collected_at }: Row) =>
    sequenceIgnored ? collected_at : `${sequence} ${collected_at}`
  const newest = new Map<ImageId, Row>()
  for (const row of rows) {
    if (row.kind !== OUTCOMES || !row.data) continue
    const known = newest.get(row.subject)
    if (!known || order(row) >= order(known)) newest.set(row.subject, row)
  }
  return newest
}

/** The collected files have each event that was published and nothing else, and merged they say what the documents say. */
export function* wrongCollections(world: World, { documents }: Ledger): Generator<string> {
  const { s3, published, sabotage } = world
  const rows = collectedRows(world)
  const collected = new Set(rows.map(({ id }) => id))
  const sent = new Set<string>()
  for (const message of published) {
    const { id, subject = 'a refusal' } = JSON.parse(message)
    // It cannot be read, which is a breach already.
    if (id === undefined) continue
    sent.add(id)
    if (!collected.has(id)) yield `an event of ${subject} was not collected`
  }
  for (const { kind, id, subject, dt, data } of rows) {
    if (!sent.has(id)) yield `an event was collected that was not published: ${id}`
    if (kind !== OUTCOMES) continue
    if (dt !== dateOf(subject)) yield `${subject} was collected as one of ${dt}`
    if (data && !documents.get(subject)?.has(JSON.stringify(data)))
      yield `${subject} was collected as ${data.status}, which none of its documents was`
  }
  const table = mergedRows(rows, sabotage)
  for (const [key, { body }] of s3.objects) {
    const image = parseMetadataKey(key)
    if (!image) continue
    const { data } = table.get(image.imageId) ?? {}
    if (!data) yield `${image.imageId} has a document and no row`
    else if (JSON.stringify(data) !== body.toString().trimEnd())
      yield `${image.imageId} is ${data.status} in the table, which its document is not`
  }
}
