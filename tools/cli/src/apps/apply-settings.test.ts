import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { AppliedSettings, digestOf, readConfiguration } from '@darkroom/app-configuration'
import { getSettings, listSettings, openBucket, putSettings, type StoredObject } from '@darkroom/bucket'
import { settingsKey } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { AuditContext } from '../audit/audit-context.ts'
import { checkSettings } from '../audit/check-others.ts'
import { applySettings, needsDeployment } from './apply-settings.ts'

const aws = await startLocalAws()
Object.assign(process.env, awsEnvironment(aws.endpoint))
const bucket = openBucket('darkroom-test')
beforeAll(() => bucket.s3.send(new CreateBucketCommand({ Bucket: bucket.name })))
afterAll(async () => {
  bucket.s3.destroy()
  await aws.stop()
})

const deployed = {
  ...readConfiguration('apps.json'),
  apps: { shop: {}, press: { maxBytes: 1000 }, same: { preset: 'modern' } },
}
const settingsOf = async (app: string) => {
  const text = await getSettings(bucket, app)
  return text === undefined ? undefined : AppliedSettings.parse(JSON.parse(text))
}

describe('applying a configuration', () => {
  test('stores what differs from the deployment, app by app', async () => {
    const apps = {
      ...deployed.apps,
      shop: { preset: 'modern', contentTypes: ['image/png' as const] },
      press: {},
      added: { maxBytes: 5 },
    }
    const done = await applySettings(bucket, deployed, { ...deployed, apps })
    expect(done).toEqual({ applied: ['shop', 'press', 'added'], withdrawn: [] })
    expect(await settingsOf('shop')).toMatchObject({
      over: digestOf(deployed),
      settings: { preset: { name: 'modern', version: 1 }, contentTypes: ['image/png'], deduplication: false },
    })
    expect((await settingsOf('press'))?.settings).not.toHaveProperty('maxBytes')
    expect(await settingsOf('same')).toBeUndefined()
  })

  test('applies a changed preset to each app that uses it', async () => {
    const modern = { version: 2, variants: deployed.presets.modern?.variants.slice(0, 1) ?? [] }
    const presets = { ...deployed.presets, modern }
    const done = await applySettings(bucket, deployed, { ...deployed, presets })
    expect(done).toEqual({ applied: ['same'], withdrawn: ['added', 'press', 'shop'] })
    expect((await settingsOf('same'))?.settings.preset).toEqual({ name: 'modern', ...modern })
  })

  test('withdraws what was applied once the file is that of the deployment', async () => {
    expect(await applySettings(bucket, deployed, deployed)).toEqual({ applied: [], withdrawn: ['same'] })
    expect(await listSettings(bucket)).toEqual([])
  })
})

test('the audit finds settings that functions cannot read', async () => {
  const check = (app: string) => {
    const object = { key: settingsKey({ app }), bytes: 1, written: new Date() }
    const context = { bucket } as AuditContext
    return checkSettings(context, object as StoredObject)
  }
  await applySettings(bucket, deployed, { ...deployed, apps: { ...deployed.apps, shop: { maxBytes: 9 } } })
  expect(await check('shop')).toEqual([])
  await putSettings(bucket, 'press', '{"over": 1}')
  expect(await check('press')).toMatchObject([{ class: 'unknown-object', key: 'settings/press.json' }])
})

test.each([
  ['apps.shop.preset', false],
  ['apps.shop.maxBytes', false],
  ['apps.shop.limits', false],
  ['apps.shop.requests', true],
  ['presets.modern', false],
  ['apps.shop', true],
  ['apps.shop.topics', true],
  ['apps.shop.origins', true],
  ['apps.shop.openid', true],
  ['apps.shop.attributes.preset', true],
  ['apps.shop.retentionDays', true],
  ['retentionDays.input', true],
])('a change of %s needs a deployment: %s', (field, needs) => {
  expect(needsDeployment(field)).toBe(needs)
})
