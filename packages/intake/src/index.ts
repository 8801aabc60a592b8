export { type Arrival, type ArrivalDetails, createIntake, type Intake } from './accept-image.ts'
export { enqueueAccepted, enqueueImage, type ImageQueue } from './enqueue-image.ts'
export { type Acceptance, type Repetition, requireSameImage } from './store-original.ts'
