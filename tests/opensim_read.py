"""Run by a Python that has OpenSim: open what motionrecon wrote, unedited, and write down what OpenSim makes of it.

usage: opensim_read.py FOLDER, which holds walk.trc, gaps.trc, walk.mot, walk.osim, forces.mot, forces.loads.xml
-> FOLDER/opensim.npz
"""

import os
import sys

import numpy as np
import opensim  # type: ignore[import-not-found]

os.chdir(sys.argv[1])
opensim.Logger.setLevelString("Error")
markers, gaps = opensim.TimeSeriesTableVec3("walk.trc"), opensim.TimeSeriesTableVec3("gaps.trc")
angles = opensim.TimeSeriesTable("walk.mot")
forces = opensim.TimeSeriesTable("forces.mot")
model = opensim.Model("walk.osim")
state = model.initSystem()

# The motion, as the program plays it: values in degrees, set one by one.
labels, found = list(angles.getColumnLabels()), []
for row in range(angles.getNumRows()):
    for label, value in zip(labels, angles.getRowAtIndex(row).to_numpy(), strict=True):
        coordinate = model.getCoordinateSet().get(label)
        turns = coordinate.getMotionType() == opensim.Coordinate.Rotational
        coordinate.setValue(state, float(np.radians(value) if turns else value), False)
    model.realizePosition(state)
    found.append(
        [model.getMarkerSet().get(name).getLocationInGround(state).to_numpy() for name in markers.getColumnLabels()]
    )

tool = opensim.InverseDynamicsTool()
tool.setModelFileName("walk.osim")
tool.setCoordinatesFileName("still.mot")
tool.setExternalLoadsFileName("forces.loads.xml")
tool.setStartTime(float(forces.getIndependentColumn()[0]))
tool.setEndTime(float(forces.getIndependentColumn()[-1]))
tool.setResultsDir(".")
tool.setOutputGenForceFileName("moments.sto")
assert tool.run()
moments = opensim.TimeSeriesTable("moments.sto")


def places(table):  # type: ignore[no-untyped-def]
    """Where the markers of a table are, frame by frame."""
    rows = [table.getRowAtIndex(i) for i in range(table.getNumRows())]
    return np.array([[row.getElt(0, j).to_numpy() for j in range(row.ncol())] for row in rows])


np.savez(
    "opensim.npz",
    marker_names=np.array(markers.getColumnLabels()),
    marker_units=markers.getTableMetaDataString("Units"),
    marker_rate=float(markers.getTableMetaDataString("DataRate")),
    markers=places(markers),
    gaps=places(gaps),
    time=np.array(angles.getIndependentColumn()),
    in_degrees=angles.getTableMetaDataString("inDegrees"),
    coordinates=np.array(labels),
    model_markers=np.array(found),
    mass=model.getTotalMass(state),
    force_names=np.array(forces.getColumnLabels()),
    forces=forces.getMatrix().to_numpy(),
    moment_names=np.array(moments.getColumnLabels()),
    moments=moments.getMatrix().to_numpy(),
)
