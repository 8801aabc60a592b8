import { type LocalAws, startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { allCases } from './all-cases.ts'
import { type AwsClients, clientsOf } from './conformance-case.ts'

let server: LocalAws
let aws: AwsClients
beforeAll(async () => {
  server = await startLocalAws()
  aws = clientsOf(server.endpoint)
})
afterAll(() => server.stop())

test.each(allCases)('$part: $name', async ({ call, answer }) => {
  expect(await call(aws)).toEqual(answer)
})
