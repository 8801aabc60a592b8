import { allOfDarkroomOn } from './all-of-darkroom.ts'
import { realBroker } from './brokers-under-test.ts'

allOfDarkroomOn(realBroker)
