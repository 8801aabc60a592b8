import { AsyncLocalStorage } from 'node:async_hooks'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { S3Store } from 'fauxqs'
import { deliver } from './destinations.ts'
import { selects } from './notification-rules.ts'
import type { RuleStore } from './rule-store.ts'
import { newRequestId, nextSequencer, type ObjectChange, toS3Event } from './s3-event.ts'

interface Context {
  request: FastifyRequest
  requestId: string
  deliveries: Promise<void>[]
}

type Change = Pick<ObjectChange, 'bucket' | 'key' | 'eventName' | 'size' | 'eTag'>

/**
 * Sends an event for each object that a request writes or deletes, before the request is answered. So a write that was
 * answered has its event, also if the server is killed next.
 */
export function announceChanges(app: FastifyInstance, store: S3Store, rules: RuleStore): void {
  const contexts = new AsyncLocalStorage<Context>()
  app.addHook('preHandler', (request, reply, done) => {
    const requestId = newRequestId()
    reply.header('x-amz-request-id', requestId).header('x-amz-id-2', 'local')
    const context = { request, requestId, deliveries: [] }
    request.s3Changes = context
    contexts.run(context, done)
  })
  app.addHook('onSend', async ({ s3Changes }) => {
    await Promise.all(s3Changes?.deliveries ?? [])
  })
  watchStore(store, (change) => {
    const context = contexts.getStore()
    if (context) context.deliveries.push(announce(app, rules, context, change))
  })
}

declare module 'fastify' {
  interface FastifyRequest {
    s3Changes?: Context
  }
}

async function announce(
  app: FastifyInstance,
  rules: RuleStore,
  { request, requestId }: Context,
  { eventName, ...changed }: Change,
): Promise<void> {
  const name = eventName || `ObjectCreated:${creationOf(request)}`
  const change = {
    ...changed,
    eventName: name,
    sequencer: nextSequencer(),
    time: new Date(),
    sourceIp: request.ip,
    requestId,
  }
  const selected = rules.of(change.bucket).filter((rule) => selects(rule, `s3:${name}`, change.key))
  for (const { id, destination } of selected) {
    await deliver(app, destination, JSON.stringify(toS3Event(change, id)))
  }
}

function creationOf({ method, headers }: FastifyRequest): string {
  if (method === 'POST') return 'Post'
  return headers['x-amz-copy-source'] === undefined ? 'Put' : 'Copy'
}

/** Calls `onChange` in the same turn as the change, so sequencers are in the order of the changes. */
function watchStore(store: S3Store, onChange: (change: Change) => void): void {
  const putObject = store.putObject.bind(store)
  const completeMultipartUpload = store.completeMultipartUpload.bind(store)
  const deleteObject = store.deleteObject.bind(store)
  store.putObject = (bucket, ...rest) => {
    const object = putObject(bucket, ...rest)
    onChange({ bucket, eventName: '', ...describe(object) })
    return object
  }
  store.completeMultipartUpload = (uploadId, parts) => {
    const bucket = store.multipartUploads.get(uploadId)?.bucket ?? ''
    const object = completeMultipartUpload(uploadId, parts)
    onChange({ bucket, eventName: 'ObjectCreated:CompleteMultipartUpload', ...describe(object) })
    return object
  }
  // DeleteObjects calls it for each key.
  store.deleteObject = (bucket, key) => {
    const existed = exists(store, bucket, key)
    deleteObject(bucket, key)
    if (existed) onChange({ bucket, key, eventName: 'ObjectRemoved:Delete' })
  }
}

function describe({ key, contentLength, etag }: ReturnType<S3Store['putObject']>) {
  return { key, size: contentLength, eTag: etag.replaceAll('"', '') }
}

function exists(store: S3Store, bucket: string, key: string): boolean {
  try {
    store.headObject(bucket, key)
    return true
  } catch {
    return false
  }
}
