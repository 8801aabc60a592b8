import * as z from 'zod'
import { whyUnreadable } from './tolerant.ts'

/** Longer than any sequencer that S3 is known to send, which have 16 to 18 digits. */
const SEQUENCE_DIGITS = 32

/**
 * S3's sequencer of the write of an object, made comparable as text: S3's have different lengths, and the shorter one is filled
 * with zeros on the right. It orders the writes of one key only.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */
export const Sequence = z
  .string()
  .regex(/^[0-9A-F]{32,}$/)
  .meta({ description: 'Grows with each document of an image. Compare as text; the greatest is current.' })

function toSequence(sequencer: string): string {
  return sequencer.toUpperCase().padEnd(SEQUENCE_DIGITS, '0')
}

/** An object that was written, according to an event notification. It may have been replaced or deleted since. */
export interface WrittenObject {
  key: string
  sequence: string
}

const Written = z.object({
  eventName: z.string(),
  s3: z.object({
    bucket: z.object({ name: z.string() }),
    object: z.object({ key: z.string(), sequencer: z.string().regex(/^[0-9a-fA-F]+$/) }),
  }),
})
const S3Message = z.union([
  z.object({ Records: z.array(Written) }),
  // S3 sends it when the notifications of a bucket are configured.
  z.object({ Event: z.literal('s3:TestEvent') }),
])

/**
 * Reads a message that S3 sent to a queue: the objects of `bucket` that were written. Other events are left out. If the message
 * cannot be read, `unreadable` is the reason, for a log.
 */
export function readS3Event(
  body: string,
  bucket: string,
): { objects: WrittenObject[]; unreadable?: undefined } | { objects?: undefined; unreadable: string } {
  try {
    const message = S3Message.parse(JSON.parse(body))
    const records = 'Records' in message ? message.Records : []
    return { objects: records.filter((record) => isWriteIn(bucket, record)).map(toWrittenObject) }
  } catch (error) {
    if (error instanceof URIError) return { unreadable: 'a key is not encoded as in a form' }
    return { unreadable: whyUnreadable(error) }
  }
}

function isWriteIn(bucket: string, { eventName, s3 }: z.infer<typeof Written>): boolean {
  return s3.bucket.name === bucket && /^(s3:)?ObjectCreated:/.test(eventName)
}

/** Keys are encoded as in a form: a space is `+`. */
function toWrittenObject({ s3: { object } }: z.infer<typeof Written>): WrittenObject {
  return { key: decodeURIComponent(object.key.replaceAll('+', ' ')), sequence: toSequence(object.sequencer) }
}

/**
 * A message like S3's for an object as it is now, to have it handled again. S3's own sequencer is not known later: this one is
 * not smaller than that of a write in the second of `written`, and smaller than that of any later second, because S3's begin
 * with the time in seconds. AWS does not document that: see decisions/0043-outcomes-are-events.md.
 */
export function repeatedS3Event(bucket: string, key: string, written: Date) {
  const seconds = Math.floor(written.getTime() / 1000)
  const sequencer = `${seconds.toString(16).toUpperCase().padStart(10, '0')}FFFFFFFF`
  const encodedKey = encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+')
  const record: z.infer<typeof Written> = {
    eventName: 'ObjectCreated:Put',
    s3: { bucket: { name: bucket }, object: { key: encodedKey, sequencer } },
  }
  return { Records: [record] }
}
