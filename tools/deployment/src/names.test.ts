import { expect, test } from '@jest/globals'
import { requireStageName, roleName } from './names.ts'

test.each(['a', 'dev', 'pr-1204', '0', 'a--b', '-', 'abcdefghij0123456789'])(
  'the stage %j is accepted',
  (stage) => expect(() => requireStageName(stage)).not.toThrow(),
)

test.each(['', 'Prod', 'my_stage', 'my.stage', 'é', 'a b', 'a\n', 'abcdefghij0123456789x'])(
  'the stage %j is refused',
  (stage) => expect(() => requireStageName(stage)).toThrow(/cannot be deployed: use 1 to 20 characters/),
)

test('the name of a role fits into 64 characters', () => {
  const longest = roleName('abcdefghij0123456789', 'settleDeadLetters', 'ap-northeast-1')
  expect(longest.length).toBeLessThanOrEqual(64)
})
