import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { logDir } from './broker-properties.ts'
import type { JavaRuntime } from './java-runtime.ts'

/**
 * Formats a data directory for KRaft, as `kafka-storage.sh format` does, if it is new.
 * @returns the cluster's id
 */
export async function formatStorage(
  runtime: JavaRuntime,
  { dataDir, properties, scram = [] }: { dataDir: string; properties: string; scram?: string[] },
): Promise<string> {
  const formatted = await readClusterId(dataDir)
  if (formatted) return formatted
  const clusterId = newClusterId()
  const users = scram.flatMap((user) => ['--add-scram', user])
  const args = ['format', '--cluster-id', clusterId, '--config', properties, ...users]
  const tool = runtime.run({ main: 'kafka.tools.StorageTool', args, dataDir })
  if ((await tool.exited) !== 0)
    throw new Error(`Apache Kafka could not format ${dataDir}:\n${tool.output()}`)
  return clusterId
}

/** It is in meta.properties as `cluster.id=…`. */
async function readClusterId(dataDir: string): Promise<string | undefined> {
  const meta = await readFile(join(logDir(dataDir), 'meta.properties'), 'utf8').catch(() => '')
  return /^cluster\.id=(\S+)$/m.exec(meta)?.[1]
}

/** 16 random bytes in base64url. A leading dash would be parsed as an option. */
function newClusterId(): string {
  const id = randomBytes(16).toString('base64url')
  return id.startsWith('-') ? newClusterId() : id
}
