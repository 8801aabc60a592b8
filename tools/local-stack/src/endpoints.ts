import { existsSync } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { ownerOf } from './owner.ts'
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
  const message = 'The local stack is not running. Start it with: pnpm dev'
  // One that was killed leaves its file.
  if (!existsSync(endpointsFile()) || (await ownerOf(localFolder()))?.isRunning === false)
    throw new Error(message)
  try {
    return JSON.parse(await readFile(endpointsFile(), 'utf8'))
  } catch (cause) {
    throw new Error(message, { cause })
  }
}
