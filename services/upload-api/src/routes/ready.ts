import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs'
import { requireBucket } from '@darkroom/bucket'
import type { Readiness } from '@darkroom/core'
import { bucket, sqs } from '../clients.ts'
import { env } from '../environment.ts'
import { jsonAnswer } from '../http/answer.ts'
import { publicHandler } from '../http/api-handler.ts'
import { logger } from '../logger.ts'

/** Without a credential anyone can ask; S3 and SQS are asked this often. */
const KEPT_MS = 5000
let latest: { at: number; queue: Promise<Readiness['queue']> } | undefined

/** `GET /v1/ready`: 503 if S3 does not answer. Without SQS uploads are still accepted. */
export const handler = publicHandler(async () => {
  if (!latest || Date.now() - latest.at >= KEPT_MS) latest = { at: Date.now(), queue: check() }
  const { queue } = latest
  return jsonAnswer(200, {
    status: 'ready',
    service: 'upload-api',
    stage: env.STAGE,
    storage: 'ok',
    queue: await queue,
  } satisfies Readiness)
})

async function check(): Promise<Readiness['queue']> {
  const [queue] = await Promise.all([checkQueue(), requireBucket(bucket)])
  return queue
}

async function checkQueue(): Promise<Readiness['queue']> {
  try {
    await sqs.send(new GetQueueAttributesCommand({ QueueUrl: env.QUEUE_URL, AttributeNames: ['QueueArn'] }))
    return 'ok'
  } catch (error) {
    logger.warn('the image queue does not answer', { error })
    return 'unavailable'
  }
}
