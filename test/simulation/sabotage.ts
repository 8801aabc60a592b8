import {
  type ImageAccepted,
  inputKey,
  metadataKey,
  parseMetadataKey,
  parseProcessedKey,
  parseS3Uri,
  processedPrefix,
  s3Uri,
} from '@darkroom/core'
import type { SQSRecord } from 'aws-lambda'
import { type Input, type MemoryS3, REFUSED_METADATA } from './memory-s3.ts'
import { unavailable } from './processes.ts'
import { BUCKET } from './system.ts'

/** Ways to break Darkroom or what it relies on, to show that the oracle sees it. */
export interface Sabotage {
  /** S3 ignores If-Match and If-None-Match. */
  unconditionalWrites?: boolean
  /** Messages of the watch queue are deleted unread. */
  noWatch?: boolean
  /** Events of objects with this prefix are not looked at. */
  unwatchedPrefix?: string
  /** The watch queue's function does not see that the image queue is behind. */
  backlogUnseen?: boolean
  /** Outcomes are not published. */
  unannounced?: boolean
  /** The daily reconcile never runs. */
  noReconcile?: boolean
  /** The daily reconcile looks at yesterday and the day before, whatever happened meanwhile. */
  twoDays?: boolean
  /** Deletions below this prefix do nothing. */
  keptPrefix?: string
  /** The lifecycle rules forget this prefix. */
  unexpiredPrefix?: string
  /** Messages are deleted when they are delivered, not when they are done: those of images, or of events for the collector. */
  acknowledgedEarly?: 'images' | 'events'
  /** The collector has no subscription. */
  unsubscribed?: boolean
  /** The collector's files of an hour have the same name. */
  sharedFiles?: boolean
  /** Of several events of an image, the one that was collected last counts. */
  sequenceIgnored?: boolean
  /** Writes below this prefix are acknowledged and lost. */
  lostPrefix?: string
  /** The death of the engine's process is the image's fault at once. */
  blamedAtOnce?: boolean
  /** Variants are written after the document. */
  documentFirst?: boolean
  /** All attempts at an image, and all presets, write the same keys. */
  sharedVariants?: boolean
  /** What was applied to apps is not read. */
  settingsUnread?: boolean
  /** An erasure lists what to delete before its receipt is written, and the processor leaves what it made of an erased image. */
  listedEarly?: boolean
  /** Erasures do not look for holds. */
  holdsUnseen?: boolean
  /** New uploads do not look for the receipt of an erasure. */
  receiptsUnseen?: boolean
  /** The image processor does not send messages again, so five receives are all there are. */
  neverSentAgain?: boolean
  /** A message may name the original of another image. */
  urisBelieved?: boolean
  /** An upload whose message cannot be sent is not answered with 202, although its original is stored. */
  refusedWithoutQueue?: boolean
  /** Dead letters are settled and not parked. */
  unparked?: boolean
  /** A dead letter is the image's fault, whatever happened. */
  deadLettersBlamed?: boolean
  /** Nobody is told of the records that Lambda gives up. */
  undeliveredForgotten?: boolean
  /** What S3 refuses for its content is taken for an outage. */
  refusalsRetried?: boolean
  /** Parked messages of finished images are not deleted. */
  parkedForever?: boolean
}

/** With the first seed that finds it, which `pnpm simulate:faults --sabotages` prints. */
export const SABOTAGES: Record<string, { seed: number; sabotage: Sabotage }> = {
  'conditional writes are unconditional': { seed: 12, sabotage: { unconditionalWrites: true } },
  'events of S3 are not looked at': { seed: 5, sabotage: { noWatch: true } },
  'the reconcile never runs': { seed: 37, sabotage: { noReconcile: true } },
  'the reconcile looks at two days': { seed: 1_117_587, sabotage: { twoDays: true } },
  'the watch queue adds to a backlog': { seed: 5, sabotage: { backlogUnseen: true } },
  'outcomes are not announced': { seed: 1, sabotage: { unannounced: true } },
  'the collector has no subscription': { seed: 1, sabotage: { unsubscribed: true } },
  'events are deleted before they are in a file': {
    seed: 4,
    sabotage: { acknowledgedEarly: 'events' },
  },
  'files of events overwrite one another': { seed: 1, sabotage: { sharedFiles: true } },
  'the event that was collected last counts': { seed: 31, sabotage: { sequenceIgnored: true } },
  'applied settings are not read': { seed: 52, sabotage: { settingsUnread: true } },
  'an erasure looks once for the hash': { seed: 73_356, sabotage: { unwatchedPrefix: 'hashes/' } },
  'variants are not looked at again': { seed: 139, sabotage: { unwatchedPrefix: 'metadata/' } },
  'variants are acknowledged and lost': { seed: 1, sabotage: { lostPrefix: 'processed/' } },
  'the document is written before the variants': { seed: 8, sabotage: { documentFirst: true } },
  'attempts write to the same variants': { seed: 169, sabotage: { sharedVariants: true } },
  'an erasure forgets the variants': { seed: 4, sabotage: { keptPrefix: 'processed/' } },
  'an erasure forgets the original': { seed: 4, sabotage: { keptPrefix: 'input/' } },
  'an erasure lists before its receipt is written': {
    seed: 226,
    sabotage: { listedEarly: true, unwatchedPrefix: 'metadata/' },
  },
  'an erasure forgets claims': { seed: 4, sabotage: { keptPrefix: 'claims/' } },
  'an erasure does not look for holds': { seed: 64, sabotage: { holdsUnseen: true } },
  'an erased image is accepted again': { seed: 66, sabotage: { receiptsUnseen: true } },
  'uploads are not deleted': { seed: 3, sabotage: { keptPrefix: 'uploads/' } },
  'hashes do not expire': { seed: 11, sabotage: { unexpiredPrefix: 'hashes/' } },
  'messages are deleted before the image is done': {
    seed: 4,
    sabotage: { acknowledgedEarly: 'images' },
  },
  'one death of the engine condemns an image': { seed: 1, sabotage: { blamedAtOnce: true } },
  'five receives condemn an image': { seed: 38, sabotage: { neverSentAgain: true, deadLettersBlamed: true } },
  'an upload is refused if its message cannot be sent': {
    seed: 1006,
    sabotage: { refusedWithoutQueue: true },
  },
  'an outage condemns an image': { seed: 38, sabotage: { deadLettersBlamed: true } },
  'dead letters are not parked': { seed: 109, sabotage: { unparked: true } },
  'parked messages of processed images stay': { seed: 100, sabotage: { parkedForever: true } },
  'what S3 refuses is tried for ever': { seed: 47, sabotage: { refusalsRetried: true } },
  'a record over the payload limit is only acknowledged': {
    seed: 27,
    sabotage: { undeliveredForgotten: true },
  },
  'the s3Uri of a message is believed': { seed: 15, sabotage: { urisBelieved: true } },
}

const ERASERS = /^(eraseImage|watchImages) /
const RECEIVERS = /^(uploadImage|createUpload|completeUpload) /

export type Run = (name: string, command: string, input: Input) => unknown

/** @returns S3 as it is with this sabotage. `name` is that of the step */
export function sabotageS3(s3: MemoryS3, sabotage: Sabotage, redirects: Map<string, string>): Run {
  const { unconditionalWrites, keptPrefix = 'none', lostPrefix = 'none' } = sabotage
  /** What was stored below a prefix when an erasure looked for the document. */
  const listings = new Map<string, unknown>()
  const isErased = (document: string) => s3.objects.get(document)?.body.includes('"erased"')
  return (name, command, given) => {
    const { Key = '' } = given
    if (sabotage.listedEarly && name.startsWith('eraseImage ')) {
      const image = command === 'GetObject' && parseMetadataKey(Key)
      const Prefix = image && processedPrefix(image)
      if (Prefix && !isErased(Key)) listings.set(Prefix, s3.run('ListObjectsV2', { Prefix }))
      const early = command === 'ListObjectsV2' && listings.get(given.Prefix)
      if (early) return early
    }
    if (sabotage.listedEarly && command === 'DeleteObject' && name.startsWith('processImages ')) {
      const image = parseProcessedKey(Key)
      if (image && isErased(metadataKey(image))) return {}
    }
    const input = { ...given }
    if (sabotage.refusalsRetried && isRefused(input)) throw unavailable()
    if (unconditionalWrites) Object.assign(input, { IfMatch: undefined, IfNoneMatch: undefined })
    if (command === 'DeleteObject' && Key.startsWith(keptPrefix)) return {}
    if (command === 'PutObject' && Key.startsWith(lostPrefix)) return { ETag: '"lost"' }
    const isUnseen =
      (sabotage.holdsUnseen && Key.startsWith('held/') && ERASERS.test(name)) ||
      (sabotage.receiptsUnseen && Key.startsWith('metadata/') && RECEIVERS.test(name))
    if (isUnseen) return s3.run(command, { ...input, Key: 'nothing' })
    if (sabotage.sharedFiles && command === 'PutObject' && Key.startsWith('collected/'))
      input.Key = Key.replace(/T\d{9}Z-[0-9a-f]{8}/, 'T000000000Z-00000000')
    if (command === 'GetObject') input.Key = redirects.get(Key) ?? Key
    if (sabotage.sharedVariants && command === 'PutObject') {
      input.Key = withoutDevelopment(Key)
      if (Key.startsWith('metadata/')) input.Body = withoutDevelopment(String(input.Body))
    }
    return s3.run(command, input)
  }
}

const isRefused = ({ Metadata }: Input) => Metadata?.filename === REFUSED_METADATA

const withoutDevelopment = (text: string) => text.replace(/(\/[a-z]+)_[0-9a-f]{8}-[a-z]+-v\d+/g, '$1')

/** Holds the variants of an image back until its document is written. */
export function reorderWrites(
  send: (command: string, input: Input) => Promise<unknown>,
): (command: string, input: Input) => Promise<unknown> {
  const held: Input[] = []
  return async (command, input) => {
    if (command !== 'PutObject') return send(command, input)
    if (parseProcessedKey(input.Key)) {
      held.push(input)
      return { ETag: '"later"' }
    }
    const result = await send(command, input)
    if (input.Key.startsWith('metadata/'))
      for (const variant of held.splice(0)) await send('PutObject', variant)
    return result
  }
}

/** Makes a dead letter look as if everything had been tried for it. */
export function blame(record: SQSRecord): SQSRecord {
  const waitingsince = new Date(0).toISOString()
  return { ...record, body: JSON.stringify({ ...JSON.parse(record.body), waitingsince }) }
}

/** Makes a message look right, and remembers where its original is said to be. */
export function believe(record: SQSRecord, redirects: Map<string, string>): SQSRecord {
  const message: ImageAccepted = JSON.parse(record.body)
  const key = inputKey(message.data)
  const stated = parseS3Uri(message.data.s3Uri)
  if (stated && stated.key !== key) redirects.set(key, stated.key)
  const data = { ...message.data, s3Uri: s3Uri(BUCKET, key) }
  return { ...record, body: JSON.stringify({ ...message, data }) }
}
