import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { AthenaClient } from '@aws-sdk/client-athena'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { askAthena, ofStage, resultsOf } from './ask-athena.ts'

/** Requests to a server that responds as Athena's documentation describes. */
const requests: { action: string; input: Record<string, unknown> }[] = []
let responses: Record<string, object[]>
const server = createServer(async (request, response) => {
  const action = String(request.headers['x-amz-target']).replace('AmazonAthena.', '')
  requests.push({ action, input: JSON.parse(await text(request)) })
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' })
  response.end(JSON.stringify(responses[action]?.shift() ?? {}))
})
let athena: AthenaClient
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  athena = new AthenaClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  })
})
afterEach(() => void requests.splice(0))
afterAll(() => {
  athena.destroy()
  server.close()
})

const status = (State: string, StateChangeReason?: string) => ({
  QueryExecution: { Status: { State, StateChangeReason } },
})
const page = (rows: (string | undefined)[][], NextToken?: string) => ({
  ResultSet: { Rows: rows.map((row) => ({ Data: row.map((VarCharValue) => ({ VarCharValue })) })) },
  NextToken,
})
const prod = { database: 'darkroom_prod', workGroup: 'darkroom-prod' }

test('waits for the result and reads all its pages without the header', async () => {
  responses = {
    StartQueryExecution: [{ QueryExecutionId: 'q-1' }],
    GetQueryExecution: [status('QUEUED'), status('RUNNING'), status('SUCCEEDED')],
    GetQueryResults: [
      page(
        [
          ['dt', 'images'],
          ['2026-11-25', '3'],
        ],
        'more',
      ),
      page([['2026-11-24', undefined]]),
    ],
  }
  expect(await askAthena(athena, prod).query('SELECT dt, images FROM volume')).toEqual({
    columns: ['dt', 'images'],
    rows: [
      ['2026-11-25', '3'],
      ['2026-11-24', null],
    ],
  })
  expect(requests[0]).toMatchObject({
    action: 'StartQueryExecution',
    input: {
      QueryString: 'SELECT dt, images FROM volume',
      WorkGroup: 'darkroom-prod',
      QueryExecutionContext: { Database: 'darkroom_prod' },
    },
  })
})

test('fails with the reason from Athena', async () => {
  responses = {
    StartQueryExecution: [{ QueryExecutionId: 'q-2' }],
    GetQueryExecution: [status('FAILED', 'TABLE_NOT_FOUND: line 1:15')],
  }
  await expect(askAthena(athena, prod).query('SELECT 1 FROM nothing')).rejects.toThrow('TABLE_NOT_FOUND')
})

test('a stage with a hyphen has a database without one', () => {
  expect(ofStage('eu-prod')).toEqual({ database: 'darkroom_eu_prod', workGroup: 'darkroom-eu-prod' })
})

test('the workgroup says where results are stored', async () => {
  const ResultConfiguration = { OutputLocation: 's3://results/analysts/' }
  responses = {
    GetWorkGroup: [{ WorkGroup: { Name: 'darkroom-prod', Configuration: { ResultConfiguration } } }],
  }
  expect(await resultsOf(athena, prod)).toBe('s3://results/analysts/')
  expect(requests).toEqual([{ action: 'GetWorkGroup', input: { WorkGroup: 'darkroom-prod' } }])
})
