import { repeatedS3Event } from '@darkroom/core'
import type { SQSEvent } from 'aws-lambda'

/** What the watch queue delivers for an object, minutes after S3 wrote it. Its receipt is not one of SQS. */
export function watchEvent(bucket: string, key: string, ageMs = 120_000): SQSEvent {
  const SentTimestamp = String(Date.now() - ageMs)
  return {
    Records: [
      {
        messageId: key,
        receiptHandle: key,
        body: JSON.stringify(repeatedS3Event(bucket, key, new Date(Number(SentTimestamp)))),
        attributes: {
          ApproximateReceiveCount: '1',
          SentTimestamp,
          SenderId: 'S3',
          ApproximateFirstReceiveTimestamp: SentTimestamp,
        },
        messageAttributes: {},
        md5OfBody: '',
        eventSource: 'aws:sqs',
        eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:images-watch',
        awsRegion: 'us-east-1',
      },
    ],
  }
}
