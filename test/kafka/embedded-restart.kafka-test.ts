import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '@darkroom/local-stack'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { clients } from './kafka-clients.ts'
import { runCommand } from './run-command.ts'

const localKafka = import.meta.resolve('@darkroom/local-kafka')
const hasKcat = (process.env.PATH ?? '').split(delimiter).some((path) => existsSync(join(path, 'kcat')))

interface Client {
  produce(brokers: string, topic: string, values: string[]): Promise<void>
  /** Reads and commits the next records of a group. */
  consume(brokers: string, topic: string, count: number): Promise<string[]>
}

const kcat: Client = {
  async produce(brokers, topic, values) {
    const file = join(folder, 'values')
    await writeFile(file, values.join('\n'))
    const sent = await runCommand('kcat', ['-P', '-b', brokers, '-t', topic, '-l', file], {
      timeoutMs: 60_000,
    })
    expect(sent).toMatchObject({ ok: true })
  },
  async consume(brokers, topic, count) {
    const options = ['-q', '-b', brokers, '-X', 'auto.offset.reset=earliest', '-c', String(count)]
    const read = await runCommand('kcat', [...options, '-G', 'group', topic], { timeoutMs: 60_000 })
    expect(read).toMatchObject({ ok: true })
    return read.output.split('\n')
  },
}

const { produce, consume } = clients['@platformatic/kafka']
const platformatic: Client = {
  produce(brokers, topic, values) {
    const records = values.map((value) => ({ key: 'k', value: Buffer.from(value), headers: {} }))
    return produce({ brokers, topic, records })
  },
  async consume(brokers, topic, count) {
    const records = await consume({ brokers, topic, group: 'group', count })
    return records.map(({ value }) => String(value))
  },
}

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'embedded-restart-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** The broker of the local stack in a process of its own. */
async function startBroker(port: number) {
  const options = { port, dataDir: join(folder, 'kafka'), topics: { images: 1 } }
  const program = `
    import { startLocalKafka } from ${JSON.stringify(localKafka)}
    const kafka = await startLocalKafka(${JSON.stringify(options)})
    process.once('SIGTERM', async () => {
      await kafka.stop()
      process.exit()
    })
    console.log(kafka.brokers)`
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program]
  const child = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [brokers] = await once(createInterface(child.stdout), 'line')
  const exited = once(child, 'exit')
  const stop = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await exited
  }
  return { brokers: String(brokers), stop }
}

const found = 'finds its records and the offset of its group'

test.each(['SIGTERM', 'SIGKILL'] as const)(`@platformatic/kafka ${found} after %s`, (signal) =>
  restart(platformatic, signal),
)

const kcatTest = hasKcat ? test : test.skip
kcatTest.each(['SIGTERM', 'SIGKILL'] as const)(
  hasKcat ? `kcat ${found} after %s` : `kcat after %s: skipped, because it is not installed`,
  (signal) => restart(kcat, signal),
)

async function restart(client: Client, signal: NodeJS.Signals): Promise<void> {
  const port = await freePort()
  const first = await startBroker(port)
  await client.produce(first.brokers, 'images', ['a', 'b', 'c'])
  expect(await client.consume(first.brokers, 'images', 2)).toEqual(['a', 'b'])
  await first.stop(signal)

  const second = await startBroker(port)
  await client.produce(second.brokers, 'images', ['d'])
  expect(await client.consume(second.brokers, 'images', 2)).toEqual(['c', 'd'])
  await second.stop('SIGTERM')
}
