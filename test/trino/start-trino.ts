import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { Table } from '@darkroom/analytics'
import { freePort } from '@darkroom/local-stack'
import { BasicAuth, Trino as TrinoClient } from 'trino-client'
import { downloadTrino } from './download-trino.ts'
import { findJava } from './find-java.ts'

/** A Trino with one node, and one catalog with Hive's and Iceberg's tables, like Athena's. */
export interface Trino {
  /** Runs in the catalog `awsdatacatalog`. Values are text or null, as from Athena. @throws Error with Trino's message */
  query(sql: string): Promise<Table>
  /** The folder for views in Glue's format. */
  metastore: string
  stop(): Promise<void>
}

/** @param s3 the endpoint of the S3 with documents and tables */
export async function startTrino(s3: string, schema: string): Promise<Trino> {
  const folder = await mkdtemp(join(tmpdir(), 'trino-'))
  const port = await freePort()
  await configure(folder, port, s3)
  const server = await launch(folder)
  const address = `http://127.0.0.1:${port}`
  await waitUntilStarted(address, server)
  const client = TrinoClient.create({
    server: address,
    catalog: 'awsdatacatalog',
    schema,
    auth: new BasicAuth('analyst'),
  })
  return {
    query: (sql) => query(client, sql),
    metastore: join(folder, 'metastore'),
    async stop() {
      const ended = once(server, 'exit')
      server.kill('SIGKILL')
      await ended
      await rm(folder, { recursive: true })
    },
  }
}

/** https://trino.io/docs/current/installation/deployment.html */
async function configure(folder: string, port: number, s3: string): Promise<void> {
  const files: Record<string, Record<string, unknown>> = {
    'node.properties': {
      'node.environment': 'test',
      'node.id': 'one',
      'node.data-dir': join(folder, 'data'),
    },
    'config.properties': {
      coordinator: true,
      'node-scheduler.include-coordinator': true,
      'http-server.http.port': port,
      'discovery.uri': `http://127.0.0.1:${port}`,
    },
    'log.properties': { 'io.trino': 'WARN', 'org.apache.iceberg': 'WARN' },
    'catalog/awsdatacatalog.properties': {
      'connector.name': 'iceberg',
      'iceberg.catalog.type': 'TESTING_FILE_METASTORE',
      'iceberg.hive-catalog-name': 'hive',
      // Snapshots and files can be deleted at once.
      'iceberg.expire-snapshots.min-retention': '0s',
      'iceberg.remove-orphan-files.min-retention': '0s',
      ...storage(folder, s3),
    },
    'catalog/hive.properties': {
      'connector.name': 'hive',
      'hive.metastore': 'file',
      'hive.iceberg-catalog-name': 'awsdatacatalog',
      'hive.partition-projection-enabled': true,
      // As Athena does.
      'hive.recursive-directories': true,
      ...storage(folder, s3),
    },
  }
  await mkdir(join(folder, 'etc/catalog'), { recursive: true })
  // Each query runs once: compiling them well takes longer than running them.
  await writeFile(join(folder, 'etc/jvm.config'), '-Xmx2G\n-XX:TieredStopAtLevel=1\n-XX:+UseSerialGC\n')
  for (const [name, properties] of Object.entries(files)) {
    const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}\n`)
    await writeFile(join(folder, 'etc', name), lines.join(''))
  }
}

function storage(folder: string, s3: string) {
  return {
    'hive.metastore.catalog.dir': 'local:///metastore',
    // The files of the views have no version.
    'hive.metastore.version-compatibility': 'UNSAFE_ASSUME_COMPATIBILITY',
    'fs.native-local.enabled': true,
    'local.location': folder,
    'fs.native-s3.enabled': true,
    's3.endpoint': s3,
    's3.region': 'us-east-1',
    's3.path-style-access': true,
    's3.aws-access-key': 'local',
    's3.aws-secret-key': 'local',
  }
}

async function launch(folder: string): Promise<ChildProcess> {
  const java = join(findJava(), 'bin')
  const launcher = join(await downloadTrino(), 'bin/launcher')
  const PATH = [java, process.env.PATH].join(delimiter)
  const server = spawn(launcher, ['run', '--etc-dir', join(folder, 'etc')], {
    env: { ...process.env, JAVA_HOME: dirname(java), PATH },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  process.once('exit', () => server.kill('SIGKILL'))
  return server
}

async function waitUntilStarted(address: string, server: ChildProcess): Promise<void> {
  let output = ''
  server.stderr?.setEncoding('utf8').on('data', (more) => {
    output = (output + more).slice(-5000)
  })
  while (server.exitCode === null) {
    const answer = await fetch(`${address}/v1/info`).catch(() => undefined)
    const info = (await answer?.json().catch(() => undefined)) as { starting?: boolean } | undefined
    if (info?.starting === false) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error(`Trino did not start: ${output}`)
}

async function query(client: TrinoClient, sql: string): Promise<Table> {
  const columns: string[] = []
  const rows: unknown[][] = []
  for await (const { error, columns: own, data } of await client.query(sql)) {
    if (error) throw new Error(`${error.errorName}: ${error.message}\n${sql}`)
    if (own && columns.length === 0) columns.push(...own.map(({ name }) => name))
    for (const row of data ?? [])
      rows.push(row.map((value: unknown) => (value === null ? null : String(value))))
  }
  return { columns, rows }
}
