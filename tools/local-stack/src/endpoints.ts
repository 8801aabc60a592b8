import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { APPS } from './apps.ts'
import type { Ports } from './ports.ts'
import { repositoryRoot } from './repository-root.ts'

/** The endpoints of the stack, which `pnpm dev` writes to `endpoints.json` in the local folder. */
export interface Endpoints {
  uploadApi: string
  webApp1: string
  webApp2: string
  dashboard: string
  /** S3 and SQS. */
  aws: string
  bucket: string
  queueUrl: string
  deadLetterQueueUrl: string
  parkedQueueUrl: string
  /** `host:port`, comma-separated. */
  kafkaBrokers: string
  apps: Record<string, { apiKey: string; topic?: string }>
}

/** Folder for the state of `pnpm dev`: `LOCAL_DIR`, by default `.local`. */
export function localFolder(): string {
  return resolve(repositoryRoot, process.env.LOCAL_DIR || '.local')
}

/** Of S3 and SQS, and of Kafka, in the local folder. */
export const STATE_FOLDERS = ['aws', 'kafka'] as const

export function endpointsFile(): string {
  return join(localFolder(), 'endpoints.json')
}

/** @param aws URL of S3 and SQS, by default the stack's own. @param kafkaBrokers likewise */
export function endpointsFor(
  ports: Ports,
  aws = `http://127.0.0.1:${ports.aws}`,
  kafkaBrokers = process.env.KAFKA_BROKERS ?? `127.0.0.1:${ports.kafka}`,
): Endpoints {
  const queueUrl = `${aws}/000000000000/darkroom-local-images`
  return {
    uploadApi: `http://127.0.0.1:${ports.uploadApi}`,
    webApp1: `http://127.0.0.1:${ports.webApp1}`,
    webApp2: `http://127.0.0.1:${ports.webApp2}`,
    dashboard: `http://127.0.0.1:${ports.dashboard}`,
    aws,
    bucket: 'darkroom-local',
    queueUrl,
    deadLetterQueueUrl: `${queueUrl}-dead-letters`,
    parkedQueueUrl: `${queueUrl}-parked`,
    kafkaBrokers,
    apps: APPS,
  }
}

export async function writeEndpoints(endpoints: Endpoints): Promise<void> {
  const written = `${endpointsFile()}.new`
  await writeFile(written, `${JSON.stringify(endpoints, null, 2)}\n`)
  // At once: the file says that the stack is ready.
  await rename(written, endpointsFile())
}

export function removeEndpoints(): Promise<void> {
  return rm(endpointsFile(), { force: true })
}

/** @throws Error if `pnpm dev` is not running */
export async function readEndpoints(): Promise<Endpoints> {
  try {
    return JSON.parse(await readFile(endpointsFile(), 'utf8'))
  } catch (cause) {
    throw new Error('The local stack is not running. Start it with: pnpm dev', { cause })
  }
}
