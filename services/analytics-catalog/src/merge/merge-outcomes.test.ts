import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { putCollected } from '@darkroom/bucket'
import { OUTCOMES } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals'
import { readEmbedded } from '../testing/read-embedded.ts'

const name = 'darkroom-test'
const NOW = Date.parse('2026-11-29T10:17:00.000Z')

/** Requests to a server that responds as Athena's documentation describes. */
const statements: string[] = []
let executions: object[]
const server = createServer(async (request, response) => {
  const action = String(request.headers['x-amz-target']).replace('AmazonAthena.', '')
  const { QueryString = '' } = JSON.parse(await text(request))
  if (QueryString !== '') statements.push(QueryString)
  const days = statements.at(-1)?.startsWith('SELECT DISTINCT dt')
  const answers: Record<string, object> = {
    ListQueryExecutions: { QueryExecutionIds: executions.map((_, n) => `q-${n}`) },
    BatchGetQueryExecution: { QueryExecutions: executions },
    StartQueryExecution: { QueryExecutionId: 'q' },
    GetQueryExecution: { QueryExecution: { Status: { State: 'SUCCEEDED' } } },
    GetQueryResults: {
      ResultSet: {
        Rows: ['header', ...(days ? ['2026-11-29'] : [])].map((VarCharValue) => ({
          Data: [{ VarCharValue }],
        })),
      },
    },
  }
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' })
  response.end(JSON.stringify(answers[action]))
})

let merge: typeof import('./merge-outcomes.ts').handler
const aws = await startLocalAws()
let s3: S3Client
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  Object.assign(process.env, awsEnvironment(aws.endpoint), { BUCKET: name, STAGE: 'eu-prod' })
  process.env.AWS_ENDPOINT_URL_ATHENA = endpoint
  s3 = new S3Client({})
  await s3.send(new CreateBucketCommand({ Bucket: name }))
  merge = (await import('./merge-outcomes.ts')).handler
})
afterAll(async () => {
  server.close()
  s3.destroy()
  await aws.stop()
})
beforeEach(() => {
  statements.length = 0
  executions = []
  jest.spyOn(Date, 'now').mockReturnValue(NOW)
})
afterEach(() => {
  jest.restoreAllMocks()
})

const collect = (minutesAgo: number) => {
  const time = new Date(NOW - minutesAgo * 60_000).toISOString()
  return putCollected({ s3, name }, { kind: OUTCOMES, time, file: '00000000' }, ['{}\n'])
}

test('without files of the last hour Athena is asked nothing, but once an hour', async () => {
  await collect(90)
  const { metrics } = await readEmbedded(merge)
  expect(statements).toEqual([])
  expect(metrics).toMatchObject({ MergeLag: 0, service: 'analytics-catalog', stage: 'eu-prod' })
  jest.spyOn(Date, 'now').mockReturnValue(NOW - 15 * 60_000)
  await readEmbedded(merge)
  expect(statements.at(-1)).toMatch(/^MERGE INTO images /)
})

test('new files are merged, and how far behind the merge is becomes a metric', async () => {
  await collect(3)
  const { metrics } = await readEmbedded(merge)
  expect(statements.map((sql) => sql.slice(0, 12))).toEqual(['SELECT seque', 'SELECT DISTI', 'MERGE INTO i'])
  expect(statements.at(-1)).toContain(`hour IN ('2026-11-29T08', '2026-11-29T09', '2026-11-29T10')`)
  expect(metrics).toMatchObject({ MergeLag: 0 })
})

test.each(['RUNNING', 'QUEUED'])('while a merge is %s, no other one starts', async (State) => {
  executions = [
    { Query: 'MERGE INTO images AS image', Status: { State: 'SUCCEEDED' } },
    { Query: 'MERGE INTO images AS image', Status: { State } },
  ]
  const { metrics } = await readEmbedded(merge)
  expect(statements).toEqual([])
  expect(metrics).toEqual({})
})

test('a search for look-alikes that runs does not stop it', async () => {
  executions = [{ Query: 'MERGE INTO look_alikes AS known', Status: { State: 'RUNNING' } }]
  await readEmbedded(merge)
  expect(statements.at(-1)).toMatch(/^MERGE INTO images /)
})
