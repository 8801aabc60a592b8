import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Answers, openAnswers, outcomeOf } from '../answer-to.ts'
import { HOSTILE_IMAGES } from './hostile-images.ts'

let answers: Answers
beforeAll(() => {
  answers = openAnswers()
})
afterAll(() => answers.close())

test.each(HOSTILE_IMAGES.map(({ name, ...rest }) => [name, rest] as const))(
  '%s',
  async (_, { bytes, outcome }) => {
    const answer = await answers.to(bytes)
    const { detail, crash, isSlow, developed } = answer
    expect([outcomeOf(answer), crash]).toEqual([outcome, undefined])
    // In words: a sentence for the owner, without anything of the machine.
    if (!developed) expect(detail).toMatch(/^[A-Z].{20,}\.$/s)
    expect(isSlow).toBe(false)
  },
)
