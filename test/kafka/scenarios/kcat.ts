import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { expect, test } from '@jest/globals'
import { TOPIC } from '../brokers-under-test.ts'
import { librdkafkaSettings } from '../connection-to.ts'
import type { Darkroom } from '../darkroom-on-kafka.ts'
import { expectProcessed } from '../expect-processed.ts'
import { binaryRecord } from '../image-records.ts'
import { tinyImage } from '../images.ts'
import { runCommand } from '../run-command.ts'

const isInstalled = (process.env.PATH ?? '')
  .split(delimiter)
  .some((folder) => existsSync(join(folder, 'kcat')))

/** A third-party producer: librdkafka's command. CI installs it; elsewhere it can be missing. */
export function kcat(darkroom: () => Darkroom): void {
  const name = 'an image that kcat sends from a file'
  const run = isInstalled ? test : test.skip
  run(isInstalled ? name : `${name}: kcat is not installed`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kcat-'))
    const file = join(folder, `${randomUUID()}.png`)
    const { imageId, headers = {}, value } = binaryRecord(await tinyImage())
    await writeFile(file, value ?? '')
    const { brokers } = darkroom().broker
    const options = [
      ...Object.entries(librdkafkaSettings(brokers)).flatMap(([name, value]) => ['-X', `${name}=${value}`]),
      ...Object.entries(headers).flatMap(([header, text]) => ['-H', `${header}=${text}`]),
    ]
    const outcome = await runCommand('kcat', ['-P', '-b', brokers, '-t', TOPIC, ...options, file], {
      timeoutMs: 20_000,
    })
    await rm(folder, { recursive: true })
    expect(outcome).toMatchObject({ ok: true })
    await expectProcessed(darkroom(), imageId)
  })
}
