import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { openPipeline, outcomeOf, type Pipeline } from '../run-pipeline.ts'
import { HOSTILE_IMAGES } from './hostile-images.ts'

let pipeline: Pipeline
beforeAll(() => {
  pipeline = openPipeline()
})
afterAll(() => pipeline.close())

test.each(HOSTILE_IMAGES.map(({ name, ...rest }) => [name, rest] as const))(
  '%s',
  async (_, { bytes, outcome }) => {
    const result = await pipeline.run(bytes)
    const { detail, crash, isSlow, developed } = result
    expect([outcomeOf(result), crash]).toEqual([outcome, undefined])
    // A sentence for the owner.
    if (!developed) expect(detail).toMatch(/^[A-Z].{20,}\.$/s)
    expect(isSlow).toBe(false)
  },
)
