import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { S3Store } from 'fauxqs'
import { S3Error } from '../s3-error.ts'
import { announceChanges } from './announce-changes.ts'
import { checkDestination, deliver } from './destinations.ts'
import { formatRules, type NotificationRule, parseRules } from './notification-rules.ts'
import { RuleStore } from './rule-store.ts'
import { toTestEvent } from './s3-event.ts'

/**
 * Adds PutBucketNotificationConfiguration and GetBucketNotificationConfiguration, and sends the events to queues and topics
 * of this server.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
 */
export function serveNotifications(app: FastifyInstance, store: S3Store, dataDir: string | undefined): void {
  const rules = new RuleStore(dataDir)
  announceChanges(app, store, rules)
  app.addHook('preHandler', async (request, reply) => {
    const { bucket, '*': key } = request.params as { bucket?: string; '*'?: string }
    if (!bucket || key || !('notification' in (request.query as object))) return
    if (!store.hasBucket(bucket)) {
      throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist', { BucketName: bucket })
    }
    return request.method === 'PUT'
      ? putRules(app, request, reply, bucket, rules)
      : reply.type('application/xml').send(formatRules(rules.of(bucket)))
  })
  app.addHook('onResponse', async ({ method, params }) => {
    const { bucket = '' } = params as { bucket?: string }
    if (method === 'DELETE' && bucket && !store.hasBucket(bucket)) rules.set(bucket, [])
  })
}

async function putRules(
  app: FastifyInstance,
  { body, headers }: FastifyRequest,
  reply: FastifyReply,
  bucket: string,
  rules: RuleStore,
): Promise<FastifyReply> {
  const wanted = parseRules(String(body))
  if (headers['x-amz-skip-destination-validation'] !== 'true') await testDestinations(app, bucket, wanted)
  rules.set(bucket, wanted)
  return reply.send('')
}

/** Every destination must exist, and gets a test event. */
async function testDestinations(
  app: FastifyInstance,
  bucket: string,
  wanted: NotificationRule[],
): Promise<void> {
  const destinations = [...new Map(wanted.map(({ destination }) => [destination.arn, destination])).values()]
  for (const destination of destinations) await checkDestination(app, destination)
  const message = JSON.stringify(toTestEvent(bucket))
  for (const destination of destinations) await deliver(app, destination, message)
}
