import { ARRIVAL_TIMEOUTS } from '@darkroom/core'
import type { FastifyInstance } from 'fastify'
import { type FauxqsServer, type MessageSpyReader, type S3Store, startFauxqs } from 'fauxqs'
import { allowAnyOrigin } from './allow-any-origin.ts'
import { guardAgainstPages, guardHost } from './guard-requests.ts'
import { serveMoveTasks } from './move-tasks/serve-move-tasks.ts'
import { serveMultipartUploads } from './multipart-uploads.ts'
import { serveNotifications } from './notifications/serve-notifications.ts'
import { handlePosts } from './post-objects.ts'
import { rejectSubresources } from './reject-subresources.ts'
import { sendS3Errors } from './s3-error.ts'
import { serveDynamoDB } from './serve-dynamodb.ts'
import { verifyPuts } from './verify-puts.ts'
import { verifySignatures } from './verify-signatures.ts'

const LOOPBACK = '127.0.0.1'
const MAX_BODY_BYTES = 64 * 1024 * 1024

/** Options of the server. All are optional. */
export interface LocalAwsOptions {
  /** TCP port on 127.0.0.1. Default: 0, which picks a free port. */
  port?: number
  /** Directory for buckets, objects, queues and messages. Created if missing. Default: in memory, as tables always are. */
  dataDir?: string
  /** Names that a request's Host may have, beside those of loopback. */
  allowedHosts?: string[]
  /** How long a request may take to arrive. Default: 15 s for its headers, five minutes for all of it. */
  arrival?: typeof ARRIVAL_TIMEOUTS
}

/** A running local S3, SQS, SNS and DynamoDB server. */
export interface LocalAws {
  /** `http://127.0.0.1:PORT`, for all of them. S3 has path style. */
  endpoint: string
  port: number
  /** fauxqs's record of the last 100 events. Can wait for the next ones. */
  spy: MessageSpyReader
  /** Deletes all objects and messages. Buckets, queues and tables stay, and the server keeps running. */
  clear(): void
  /** Ends open long polls and closes all connections and the data directory. Idempotent. */
  stop(): Promise<void>
}

/**
 * Starts S3, SQS, SNS and DynamoDB on one loopback port. Request bodies may have up to 64 MiB.
 *
 * @throws Error that names the port if it is in use, with `EADDRINUSE` as its cause
 */
export async function startLocalAws(options: LocalAwsOptions = {}): Promise<LocalAws> {
  const port = options.port ?? 0
  let app: FastifyInstance | undefined
  const configure = (instance: FastifyInstance, objects: S3Store) => {
    app = instance
    // Fastify lets a request take for ever.
    Object.assign(instance.server, options.arrival ?? ARRIVAL_TIMEOUTS)
    return addS3Behavior(instance, objects, options)
  }
  try {
    return toLocalAws(await startFauxqs({ ...fixed, port, ...dataDirOf(options), configure }))
  } catch (cause) {
    await app?.close()
    throw explain(cause, port)
  }
}

/** With an empty `host`, queue URLs contain the address that the client used, which always resolves. */
const fixed = { listenHost: LOOPBACK, host: '', bodyLimit: MAX_BODY_BYTES, logger: false, messageSpies: true }

async function addS3Behavior(
  app: FastifyInstance,
  objects: S3Store,
  { dataDir, allowedHosts }: LocalAwsOptions,
): Promise<void> {
  sendS3Errors(app)
  guardHost(app, allowedHosts)
  // Before the others, so that pages can read their refusals.
  await allowAnyOrigin(app)
  guardAgainstPages(app)
  verifySignatures(app)
  serveDynamoDB(app)
  rejectSubresources(app)
  serveNotifications(app, objects, dataDir)
  serveMoveTasks(app)
  verifyPuts(app)
  handlePosts(app, objects)
  serveMultipartUploads(app, objects)
}

function dataDirOf({ dataDir }: LocalAwsOptions): { dataDir?: string } {
  return dataDir === undefined ? {} : { dataDir }
}

function toLocalAws(server: FauxqsServer): LocalAws {
  return {
    endpoint: `http://${LOOPBACK}:${server.port}`,
    port: server.port,
    spy: server.spy,
    clear: () => server.reset(),
    stop: () => server.stop(),
  }
}

function explain(cause: unknown, port: number): unknown {
  if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') return cause
  return new Error(`Local AWS cannot listen on ${LOOPBACK}:${port}: the port is in use.`, { cause })
}
