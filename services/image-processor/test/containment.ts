/**
 * `pnpm containment`: what hostile code in an engine's process tries and gets, as a table, and what it gets without each of the
 * controls. Linux only. The exit code is 1 if an attempt succeeds against all controls.
 */
import { scriptOptions } from '@darkroom/terminal'
import { ATTEMPTS, CONTROLS } from '../src/isolation/testing/attempts.ts'
import { tableOf, tryAttempts, withSurroundings } from '../src/isolation/testing/try-attempts.ts'

scriptOptions(import.meta.filename, {})

await withSurroundings(async (surroundings) => {
  const contained = await tryAttempts(surroundings)
  console.log(tableOf(contained))
  for (const control of CONTROLS) {
    const outcomes = await tryAttempts(surroundings, control)
    const succeed = ATTEMPTS.filter(({ what }) => outcomes.get(what) === 'succeeds')
    console.log(
      `\nWithout ${control}, ${succeed.length} succeed: ${succeed.map(({ what }) => what).join('; ')}`,
    )
  }
  if ([...contained.values()].includes('succeeds')) process.exitCode = 1
})
