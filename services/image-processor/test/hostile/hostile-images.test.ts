import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { openPipeline, outcomeOf, type Pipeline } from '../run-pipeline.ts'
import { ENDLESS_IMAGES } from './endless-images.ts'
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

/** A quarter of what is accepted: still millions of parts, which only a walk that ends early gets through. */
const ENDLESS_BYTES = 12_000_000

test.each(ENDLESS_IMAGES.map(({ name, ...rest }) => [name, rest] as const))(
  '12 MB: %s',
  async (_, { make, outcome }) => {
    const result = await pipeline.run(await make(ENDLESS_BYTES))
    expect([outcomeOf(result), result.crash, result.isSlow]).toEqual([outcome, undefined, false])
    if (outcome !== 'developed') expect(result.detail).toMatch(/limit|more than/)
  },
)
