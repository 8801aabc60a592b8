import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { digestOf, readConfiguration } from '@darkroom/app-configuration'
import { configurationFile } from '@darkroom/app-configuration/testing'
import { type NamedPreset, Preset, settingsKey } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeAll, expect, test } from '@jest/globals'

const preset = (version: number, more: object = {}) =>
  Preset.parse({ version, variants: [{ name: 'thumb', size: 320, format: 'webp', ...more }] })
const presets = { default: preset(1), rich: preset(2), moving: preset(3, { animation: 'keep' }) }
const APPS_FILE = configurationFile({ presets, apps: { 'web-app-1': {}, 'web-app-2': { preset: 'rich' } } })

const aws = await startLocalAws()
const bucket = 'darkroom-test'
const queue = 'http://127.0.0.1/queue'
Object.assign(process.env, awsEnvironment(aws.endpoint), {
  APPS_FILE,
  STAGE: 'test',
  BUCKET: bucket,
  QUEUE_URL: queue,
  PARKED_QUEUE_URL: queue,
  EVENTS_TOPIC_ARN: 'arn:aws:sns:us-east-1:000000000000:events',
  POWERTOOLS_LOG_LEVEL: 'SILENT',
})
const s3 = new S3Client({})
const { choosePreset } = await import('./choose-preset.ts')
const clients = await import('../clients.ts')
beforeAll(() => s3.send(new CreateBucketCommand({ Bucket: bucket })))
afterAll(async () => {
  for (const client of [s3, clients.settingsBucket.s3]) client.destroy()
  await aws.stop()
})

type Message = Parameters<typeof choosePreset>[0]
const choose = (app: string, redevelop?: { preset: string }, engine: 'sharp' | 'jimp' = 'sharp') =>
  choosePreset({ app, redevelop } as Message, engine)

/** For an app that no test has asked for yet: its settings are remembered for a minute. */
async function apply(app: string, applied: NamedPreset, over = digestOf(readConfiguration(APPS_FILE))) {
  const settings = { preset: applied, deduplication: false }
  const Body = JSON.stringify({ over, appliedAt: new Date().toISOString(), settings })
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: settingsKey({ app }), Body }))
}

test("an image is processed with its app's preset, or the default", async () => {
  expect(await choose('web-app-2')).toEqual({ name: 'rich', ...presets.rich })
  expect(await choose('web-app-1')).toEqual({ name: 'default', ...presets.default })
})

test('a message that asks for another preset is processed with it', async () => {
  expect(await choose('web-app-1', { preset: 'rich' })).toMatchObject({ name: 'rich', version: 2 })
  for (const name of ['poster', 'constructor']) {
    await expect(choose('web-app-1', { preset: name })).rejects.toThrow(`"${name}", which was not deployed`)
  }
})

test('a preset that was applied after the deployment is used, also by a message that names it', async () => {
  const applied = { name: 'rich', ...preset(9) }
  await apply('applied', applied)
  expect(await choose('applied')).toEqual(applied)
  expect(await choose('applied', { preset: 'rich' })).toEqual(applied)
  expect(await choose('applied', { preset: 'default' })).toMatchObject({ name: 'default', version: 1 })
})

test('one that was applied to another deployment is not used', async () => {
  await apply('earlier', { name: 'rich', ...preset(9) }, 'another')
  expect(await choose('earlier')).toMatchObject({ name: 'default', version: 1 })
})

test('one with a watermark that was not deployed, or that the engine does not support, is not used', async () => {
  await apply('marked', { name: 'marked', ...preset(9, { watermark: { file: 'not-deployed.png' } }) })
  expect(await choose('marked')).toMatchObject({ name: 'default', version: 1 })
  await apply('animated', { name: 'moving', ...presets.moving })
  expect(await choose('animated', undefined, 'jimp')).toMatchObject({ name: 'default', version: 1 })
  expect(await choose('animated')).toMatchObject({ name: 'moving', version: 3 })
})
