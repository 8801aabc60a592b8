import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Answers, openAnswers } from '../answer-to.ts'
import { HOSTILE_IMAGES } from './hostile-images.ts'

let answers: Answers
beforeAll(() => {
  answers = openAnswers()
})
afterAll(() => answers.close())

test.each(HOSTILE_IMAGES.map(({ name, ...rest }) => [name, rest] as const))(
  '%s',
  async (_, { bytes, outcome }) => {
    const { result, detail, crash, isSlow } = await answers.to(bytes)
    expect({ result, crash }).toEqual({ result: outcome, crash: undefined })
    // In words: a sentence for the owner, without anything of the machine.
    if (outcome !== 'developed') expect(detail).toMatch(/^[A-Z].{20,}\.$/s)
    expect(isSlow).toBe(false)
  },
)
