/** Property tests draw the same values in every run. `PROPERTY_SEED=2 pnpm test` draws others. */
import fc from 'fast-check'

fc.configureGlobal({ seed: Number(process.env.PROPERTY_SEED ?? 1) })
