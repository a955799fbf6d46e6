"""The whole reconstruction on clips whose truth is known: how far off is it, on whom, doing what, seen from where?

`suite` says what a suite of clips is (those that there are stand in `motionrecon.data.suites`), `truth` what is known
of a clip, `figures`, `bends`, `lengths` and `forces` how far a motion is from it, `measure` goes over the clips,
`tables` and `report` write them down, `page` and `pictures` show the worst.
"""
