export { type Arrival, type ArrivalDetails, createIntake, type Intake } from './accept-image.ts'
export { type AppLimits, requireWithinLimits } from './app-limits.ts'
export { enqueueAccepted, enqueueImage, type IntakeQueue } from './enqueue-image.ts'
export { type Acceptance, type Repetition, requireSameImage } from './store-original.ts'
