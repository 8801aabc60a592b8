import { readFile } from 'node:fs/promises'
import { inputKey } from '@darkroom/core'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { kafkaRecord } from '../test/kafka-records.ts'
import { imageOf, NO_FAILURES, type OpenBridge, openBridge } from '../test/open-bridge.ts'

let local: OpenBridge
beforeAll(async () => {
  process.env.HEIC_DECODER = 'libheif'
  local = await openBridge()
})
afterAll(() => local.stop())

const SAMPLE = '../../../packages/image-file/src/testing/heic/upright.heic'
const heic = await readFile(new URL(SAMPLE, import.meta.url))

test('with HEIC_DECODER=libheif a record of HEIC is stored and announced', async () => {
  const record = kafkaRecord({ value: heic })
  expect(await local.bridge(record)).toEqual(NO_FAILURES)
  const { imageId } = imageOf(record)
  expect((await local.get(inputKey({ app: 'web-app-2', imageId }))).ContentType).toBe('image/heic')
  expect(await local.takeMessages()).toMatchObject([{ data: { imageId, contentType: 'image/heic' } }])
})
