import { describe, expect, test } from '@jest/globals'
import { readRetention, retentionForServerless } from './read-retention.ts'
import { daysOf, Retention } from './retention.ts'

const standard = {
  input: 30,
  processed: 365,
  metadata: 730,
  claims: 7,
  rejected: 30,
  uploads: 1,
  unfinishedUploads: 1,
}

const complaintsAbout = (retention: unknown) =>
  Retention.safeParse(retention).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)

describe('a retention', () => {
  test('gives an app its own days, and the default for the rest', () => {
    const retention = Retention.parse({ default: standard, apps: { brief: { input: 1, processed: 7 } } })
    expect(daysOf(retention, 'brief')).toEqual({ input: 1, processed: 7, metadata: 730, claims: 7 })
    expect(daysOf(retention, 'another')).toEqual({ input: 30, processed: 365, metadata: 730, claims: 7 })
  })

  test('of the repository is valid', async () => {
    expect(readRetention().default.input).toBeGreaterThan(0)
  })

  test('gives a serverless.yml the environment and the lifecycle rules of the file that it names', async () => {
    const named = async (address: string) =>
      address === 'param:retentionFile' ? 'packages/retention/retention.json' : undefined
    const { environment, lifecycleRules } = await retentionForServerless(named)
    expect(JSON.parse(environment)).toEqual(readRetention())
    expect(lifecycleRules).toContainEqual(expect.objectContaining({ Prefix: 'input/', Status: 'Enabled' }))
    await expect(retentionForServerless(async () => 'not-there.json')).rejects.toThrow('not-there.json')
  })

  test('names the app that asks for more than the default, and says what to do', () => {
    expect(complaintsAbout({ default: standard, apps: { long: { input: 90 } } })).toEqual([
      'apps.long.input: 90 days is more than the default of 30, and S3 applies the shorter one. ' +
        'Set the default to 90, and add an entry for each app that keeps 30 days',
    ])
  })

  test('does not keep an original or a variant longer than the document', () => {
    const words = 'the document must be kept at least as long as the original and the variants'
    expect(complaintsAbout({ default: { ...standard, metadata: 364 }, apps: {} })).toEqual([
      `default.metadata: ${words}, 365 days`,
    ])
    expect(complaintsAbout({ default: standard, apps: { brief: { metadata: 90 } } })).toEqual([
      `apps.brief.metadata: ${words}, 365 days`,
    ])
    expect(complaintsAbout({ default: standard, apps: { brief: { metadata: 90, processed: 90 } } })).toBe(
      undefined,
    )
  })

  test.each([
    ['apps.brief.input', { default: standard, apps: { brief: { input: 0 } } }],
    ['apps.brief.input', { default: standard, apps: { brief: { input: 1.5 } } }],
    ['apps.brief', { default: standard, apps: { brief: { inputs: 1 } } }],
    ['apps.Brief', { default: standard, apps: { Brief: { input: 1 } } }],
    ['default.claims', { default: { ...standard, claims: undefined }, apps: {} }],
    ['apps', { default: standard }],
  ])('names the field that is wrong: %s', (field, retention) => {
    expect(complaintsAbout(retention)).toEqual([expect.stringMatching(new RegExp(`^${field}: `))])
  })

  test('names the file that cannot be used', async () => {
    expect(() => readRetention('package.json')).toThrow(/package\.json cannot be used.*default/s)
    expect(() => readRetention('nowhere.json')).toThrow(/nowhere\.json cannot be used.*ENOENT/s)
  })
})
