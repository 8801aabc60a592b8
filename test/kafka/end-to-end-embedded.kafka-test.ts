import { allOfDarkroomOn } from './all-of-darkroom.ts'
import { embeddedBroker } from './brokers-under-test.ts'

allOfDarkroomOn(embeddedBroker)
