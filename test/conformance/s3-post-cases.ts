import { createHmac } from 'node:crypto'
import { CreateBucketCommand, GetObjectCommand } from '@aws-sdk/client-s3'
import type { AwsClients, ConformanceCase } from './conformance-case.ts'

/** What differs from a form that is accepted: a PNG of three bytes under `in/a`. */
interface Post {
  fields?: Record<string, string | undefined>
  conditions?: unknown[]
  /** Replaces the expiration or the conditions; `undefined` leaves one out. */
  policy?: Record<string, unknown>
  /** Instead of the policy. */
  policyText?: string
  /** Fields that are added after signing. */
  added?: Record<string, string>
  secret?: string
  accessKeyId?: string
  body?: string | undefined
}

const CONDITIONS = [
  ['starts-with', '$key', 'in/'],
  ['eq', '$Content-Type', 'image/png'],
]

/** Sends a form as a page does. @returns the status, and the code of an error */
async function post({ s3, newName }: AwsClients, options: Post): Promise<[answer: string, bucket: string]> {
  const Bucket = newName()
  await s3.send(new CreateBucketCommand({ Bucket }))
  const { accessKeyId, secretAccessKey } = await s3.config.credentials()
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
  const scope = [date.slice(0, 8), 'us-east-1', 's3', 'aws4_request']
  const signed = {
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': [options.accessKeyId ?? accessKeyId, ...scope].join('/'),
    'x-amz-date': date,
  }
  const exact = Object.entries(signed).map(([name, value]) => ({ [name]: value }))
  const document = {
    expiration: new Date(Date.now() + 600_000).toISOString(),
    conditions: [{ bucket: Bucket }, ...exact, ...CONDITIONS, ...(options.conditions ?? [])],
    ...options.policy,
  }
  const policy = Buffer.from(options.policyText ?? JSON.stringify(document)).toString('base64')
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${options.secret ?? secretAccessKey}`)
  const form = new FormData()
  const fields = {
    key: 'in/a',
    'Content-Type': 'image/png',
    ...signed,
    ...options.fields,
    policy,
    'x-amz-signature': hmac(key, policy).toString('hex'),
    ...options.added,
  }
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) form.set(name, value)
  const { body = 'abc' } = options
  if (!('body' in options) || options.body !== undefined) form.set('file', new File([body], 'a.png'))
  const endpoint = await s3.config.endpoint?.()
  const url = `${endpoint?.protocol}//${endpoint?.hostname}:${endpoint?.port}/${Bucket}`
  const answer = await fetch(url, { method: 'POST', body: form, redirect: 'manual' })
  const [, code] = /<Code>(\w+)<\/Code>/.exec(await answer.text()) ?? []
  return [code ? `${answer.status} ${code}` : String(answer.status), Bucket]
}

const part = 'S3'
const range = (min: number, max: number) => [['content-length-range', min, max]]

const ANSWERS: [name: string, options: Post, answer: string][] = [
  [
    'an eq condition that does not hold is refused',
    { fields: { 'Content-Type': 'image/gif' } },
    '403 AccessDenied',
  ],
  ['a starts-with condition that does not hold is refused', { fields: { key: 'out/a' } }, '403 AccessDenied'],
  [
    'a starts-with condition without text takes any value',
    { fields: { 'x-amz-meta-app': 'one' }, conditions: [['starts-with', '$x-amz-meta-app', '']] },
    '204',
  ],
  ['a condition of another bucket is refused', { conditions: [{ bucket: 'another' }] }, '403 AccessDenied'],
  [
    'names of fields in conditions ignore case',
    { fields: { 'X-Amz-Meta-App': 'one' }, conditions: [['eq', '$x-amz-meta-APP', 'one']] },
    '204',
  ],
  ['content-length-range takes its smallest length', { conditions: range(3, 9) }, '204'],
  ['content-length-range takes its largest length', { conditions: range(0, 3) }, '204'],
  ['a longer file than content-length-range is refused', { conditions: range(0, 2) }, '400 EntityTooLarge'],
  ['a shorter file than content-length-range is refused', { conditions: range(4, 9) }, '400 EntityTooSmall'],
  [
    'a missing field of a condition is refused',
    { fields: { 'Content-Type': undefined } },
    '403 AccessDenied',
  ],
  ['a field without a condition is refused', { added: { 'x-amz-meta-app': 'one' } }, '403 AccessDenied'],
  ['a field x-ignore- needs no condition', { added: { 'x-ignore-this': 'one' } }, '204'],
  [
    'an expired policy is refused',
    { policy: { expiration: '2020-01-01T00:00:00.000Z' } },
    '403 AccessDenied',
  ],
  [
    'a policy without an expiration is refused',
    { policy: { expiration: undefined } },
    '400 InvalidPolicyDocument',
  ],
  [
    'a policy whose expiration is no date is refused',
    { policy: { expiration: 'tomorrow' } },
    '400 InvalidPolicyDocument',
  ],
  [
    'a policy without conditions is refused',
    { policy: { conditions: undefined } },
    '400 InvalidPolicyDocument',
  ],
  ['a policy with an empty condition is refused', { conditions: [{}] }, '400 InvalidPolicyDocument'],
  [
    'content-length-range without a largest length is refused',
    { conditions: [['content-length-range', 0]] },
    '400 InvalidPolicyDocument',
  ],
  ['a policy that is not JSON is refused', { policyText: '{' }, '400 InvalidPolicyDocument'],
  ['a policy signed with another secret is refused', { secret: 'guessed' }, '403 SignatureDoesNotMatch'],
  [
    'a policy that was changed after signing is refused',
    { added: { policy: 'e30=' } },
    '403 SignatureDoesNotMatch',
  ],
  ['an unknown access key is refused', { accessKeyId: 'nobody' }, '403 InvalidAccessKeyId'],
  ['a form without a key is refused', { fields: { key: undefined } }, '400 InvalidArgument'],
  ['a form without a file is refused', { body: undefined }, '400 InvalidArgument'],
  [
    'success_action_status chooses the status',
    { fields: { success_action_status: '201' }, conditions: [{ success_action_status: '201' }] },
    '201',
  ],
]

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html */
export const s3PostCases: ConformanceCase[] = [
  {
    part,
    name: 'POST: a form that meets its policy is stored',
    async call(aws) {
      const [answer, Bucket] = await post(aws, {})
      const { Body, ContentType } = await aws.s3.send(new GetObjectCommand({ Bucket, Key: 'in/a' }))
      return [answer, ContentType, await Body?.transformToString()]
    },
    answer: ['204', 'image/png', 'abc'],
  },
  ...ANSWERS.map(([name, options, answer]) => ({
    part: part as 'S3',
    name: `POST: ${name}`,
    call: async (aws: AwsClients) => (await post(aws, options))[0],
    answer,
  })),
]
