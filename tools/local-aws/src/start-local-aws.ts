import type { FastifyInstance } from 'fastify'
import { type FauxqsServer, type MessageSpyReader, type S3Store, startFauxqs } from 'fauxqs'
import { allowAnyOrigin } from './allow-any-origin.ts'
import { serveMultipartUploads } from './multipart-uploads.ts'
import { takePosts } from './post-objects.ts'
import { refuseExpiredUrls } from './refuse-expired-urls.ts'
import { refuseSubresources } from './refuse-subresources.ts'
import { answerRefusals } from './s3-refusal.ts'
import { verifyPuts } from './verify-puts.ts'

const loopback = '127.0.0.1'
const largestBody = 64 * 1024 * 1024

/** How to start the server; every option may be left out. */
export interface LocalAwsOptions {
  /** TCP port on 127.0.0.1; 0, the default, takes a free one. */
  port?: number
  /** Directory for buckets, objects, queues and messages, made when absent. Without it all is in memory. */
  dataDir?: string
}

/** A running local S3 and SQS server. */
export interface LocalAws {
  /** `http://127.0.0.1:PORT`, for S3 (path style) and SQS alike. */
  endpoint: string
  port: number
  /** fauxqs's record of the last 100 events, with promises for the next ones. */
  spy: MessageSpyReader
  /** Ends open long polls, closes every connection and the data directory. May be called twice. */
  stop(): Promise<void>
}

/**
 * Starts S3 and SQS on one loopback port. Request bodies may have 64 MiB.
 *
 * @throws Error naming the port when it is taken, with the system's `EADDRINUSE` as its cause
 */
export async function startLocalAws(options: LocalAwsOptions = {}): Promise<LocalAws> {
  const port = options.port ?? 0
  let app: FastifyInstance | undefined
  const configure = (instance: FastifyInstance, objects: S3Store) => {
    app = instance
    return behaveLikeS3(instance, objects)
  }
  try {
    return toLocalAws(await startFauxqs({ ...fixed, port, ...dataDirOf(options), configure }))
  } catch (cause) {
    await app?.close()
    throw explain(cause, port)
  }
}

/** An empty `host` makes queue URLs carry the address that the client asked, which resolves everywhere. */
const fixed = { listenHost: loopback, host: '', bodyLimit: largestBody, logger: false, messageSpies: true }

function behaveLikeS3(app: FastifyInstance, objects: S3Store): Promise<void> {
  answerRefusals(app)
  refuseExpiredUrls(app)
  refuseSubresources(app)
  verifyPuts(app)
  takePosts(app, objects)
  serveMultipartUploads(app, objects)
  return allowAnyOrigin(app)
}

function dataDirOf({ dataDir }: LocalAwsOptions): { dataDir?: string } {
  return dataDir === undefined ? {} : { dataDir }
}

function toLocalAws(server: FauxqsServer): LocalAws {
  return {
    endpoint: `http://${loopback}:${server.port}`,
    port: server.port,
    spy: server.spy,
    stop: () => server.stop(),
  }
}

function explain(cause: unknown, port: number): unknown {
  if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') return cause
  return new Error(`Local AWS cannot listen on ${loopback}:${port}: the port is taken.`, { cause })
}
