import { randomUUID } from 'node:crypto'

/** What happened to an object. */
export interface ObjectChange {
  bucket: string
  key: string
  /** Such as `ObjectCreated:Put`. */
  eventName: string
  /** Of the new object; missing if it was removed. */
  size?: number
  /** Without quotes. */
  eTag?: string
  sequencer: string
  time: Date
  sourceIp: string
  requestId: string
}

/**
 * The message that S3 sends, always with one record.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */
export function toS3Event(change: ObjectChange, configurationId: string) {
  const { bucket, key, eventName, size, eTag, sequencer, time, sourceIp, requestId } = change
  const object = { key: encodeKey(key), ...(eTag !== undefined && { size, eTag }), sequencer }
  return {
    Records: [
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        awsRegion: 'us-east-1',
        eventTime: time.toISOString(),
        eventName,
        userIdentity: { principalId: 'local' },
        requestParameters: { sourceIPAddress: sourceIp },
        responseElements: { 'x-amz-request-id': requestId, 'x-amz-id-2': 'local' },
        s3: {
          s3SchemaVersion: '1.0',
          configurationId,
          bucket: { name: bucket, ownerIdentity: { principalId: 'local' }, arn: `arn:aws:s3:::${bucket}` },
          object,
        },
      },
    ],
  }
}

/** What S3 sends to a destination when a rule is set. */
export function toTestEvent(bucket: string, time = new Date()) {
  return {
    Service: 'Amazon S3',
    Event: 's3:TestEvent',
    Time: time.toISOString(),
    Bucket: bucket,
    RequestId: newRequestId(),
    HostId: 'local',
  }
}

export function newRequestId(): string {
  return randomUUID().replaceAll('-', '').toUpperCase().slice(0, 16)
}

/** As in a form: a space is `+`. Slashes stay. */
function encodeKey(key: string): string {
  const hex = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  return encodeURIComponent(key)
    .replaceAll('%2F', '/')
    .replaceAll('%20', '+')
    .replace(/[!'()~]/g, hex)
}

let last = 0n

/**
 * Grows with each change, also after a restart. As in S3, the first ten digits are the time in seconds, and the other eight order
 * the changes within a second.
 */
export function nextSequencer(): string {
  const now = (BigInt(Date.now()) << 32n) / 1000n
  last = now > last ? now : last + 1n
  return last.toString(16).toUpperCase().padStart(18, '0')
}
