"""One camera, written as many tools write it: text from (K, distortion, size, R, t), for the tests of the readers."""

import json

import cv2
import numpy as np


def _list(array):
    return json.dumps(np.asarray(array, float).tolist())


def _rvec(R):
    return cv2.Rodrigues(R)[0].ravel()


def pose2sim(K, D, size, R, t, name="cam_1"):
    return (
        f'[{name}]\nname = "{name}"\nsize = {_list(size)}\nmatrix = {_list(K)}\ndistortions = {_list(D)}\n'
        f"rotation = {_list(_rvec(R))}\ntranslation = {_list(t)}\nfisheye = false\n\n"
        "[metadata]\nadjusted = false\nerror = 0.0\n"
    )


def pose2sim_with_columns(K, D, size, R, t):
    return (
        f"# a comment\n[cam_1]\nsize = {_list(size)}\nmatrix = {_list(K)} # K\ndistortions = {_list([D])}\n"
        f"rotation = {_list(_rvec(R)[:, None])}\ntranslation = {_list(np.reshape(t, (3, 1)))}\n"
    )


def anipose(K, D, size, R, t):
    return (
        f'[cam_0]\nname = "A"\nsize = [{size[0]}, {size[1]}]\nmatrix = {_list(K)}\ndistortions = {_list(D)}\n'
        f"rotation = {_list(_rvec(R))}\ntranslation = {_list(t)}\n[metadata]\n"
    )


def anipose_in_millimetres(K, D, size, R, t):
    return anipose(K, D, size, R, 1000 * np.asarray(t)) + 'unit = "mm"\n'


def caliscope_old(K, D, size, R, t):
    return (
        "CreationDate = 2024-01-01\ncamera_count = 1\n[capture_volume]\nstage = 1\n[charuco]\ncolumns = 4\nrows = 5\n"
        f"[cam_1]\nport = 1\nsize = [{size[0]}, {size[1]}]\nrotation_count = 0\nerror = 0.3\nmatrix = {_list(K)}\n"
        f"distortions = {_list(D)}\nexposure = -4\ngrid_count = 20\nignore = false\ntranslation = {_list(t)}\n"
        f"rotation = {_list(R)}\n"
    )


def caliscope_new(K, D, size, R, t):
    return (
        f"[cameras.0]\ncam_id = 0\nrotation_count = 0\nerror = 1.2\ngrid_count = 4\nfisheye = false\n"
        f"size = [{size[0]}, {size[1]}]\nmatrix = {_list(K)}\ndistortions = {_list(D)}\nrotation = {_list(_rvec(R))}\n"
        f'translation = {_list(t)}\n[cameras.1]\ncam_id = 1\nsize = [{size[0]}, {size[1]}]\nmatrix = "null"\n'
    )


def _file_storage(suffix, K, D, size, R, t):
    f = cv2.FileStorage(suffix, cv2.FILE_STORAGE_WRITE | cv2.FILE_STORAGE_MEMORY)
    f.write("calibration_time", "Thu 01 Jan 2026 10:00:00 AM CET")
    f.write("image_width", int(size[0]))
    f.write("image_height", int(size[1]))
    f.write("camera_matrix", np.asarray(K, float))
    f.write("distortion_coefficients", np.reshape(D, (-1, 1)))
    f.write("rvec", _rvec(R).reshape(3, 1))
    f.write("tvec", np.reshape(np.asarray(t, float), (3, 1)))
    f.write("extrinsic_reprojection_error", 0.2)
    return f.releaseAndGetString()


def opencv_yaml(*camera):
    return _file_storage(".yml", *camera)


def opencv_xml(*camera):
    return _file_storage(".xml", *camera)


def opencv_json(*camera):
    return _file_storage(".json", *camera)


def _matrix(values, indent=3):
    values = np.atleast_2d(np.asarray(values, float))
    pad = " " * indent
    numbers = ", ".join(f"{v!r}" if i % 3 else f"\n{pad}   {v!r}" for i, v in enumerate(values.ravel().tolist()))
    return (
        f"!!opencv-matrix\n{pad}rows: {values.shape[0]}\n{pad}cols: {values.shape[1]}\n{pad}dt: d\n"
        f"{pad}data: [ {numbers} ]\n"
    )


def opencv_yaml_1_0(K, D, size, R, t):
    return (
        f'%YAML:1.0\n---\ncalibration_Time: "Thu 1 Jan"\nimage_Width: {size[0]}\nimage_Height: {size[1]}\n'
        f"# flags: +fix_aspectRatio\nflags: 2\nCamera_Matrix: {_matrix(K)}Distortion_Coefficients: {_matrix(D)}"
        f"R: {_matrix(R)}T: {_matrix(t)}per_view: [ {{ x:1, y:2 }}, {{ x:3, y:4 }} ]\n"
    )


def opencv_yaml_nested(K, D, size, R, t):
    return (
        f"%YAML:1.0\n---\ncameras:\n   -\n      name: left\n      K: {_matrix(K, 9)}      D: {_matrix(D, 9)}"
        f"      size: [ {size[0]}, {size[1]} ]\n      extrinsics: {_matrix(np.c_[R, t], 9)}"
    )


def opencv_xml_nested(K, D, size, R, t):
    def matrix(name, values):
        values = np.atleast_2d(np.asarray(values, float))
        data = " ".join(map(repr, values.ravel().tolist()))
        return (
            f'<{name} type_id="opencv-matrix"><rows>{values.shape[0]}</rows><cols>{values.shape[1]}</cols>'
            f"<dt>d</dt><data>\n{data}</data></{name}>\n"
        )

    return (
        f'<?xml version="1.0"?>\n<!-- one camera -->\n<opencv_storage>\n<cam_1>\n'
        f"<imageSize>{size[0]} {size[1]}</imageSize>{matrix('cameraMatrix', K)}{matrix('distCoeffs', D)}"
        f"{matrix('R', R)}{matrix('T', t)}</cam_1>\n</opencv_storage>\n"
    )


def qualisys(K, D, size, R, t, name="cam_1"):
    K = (64 * np.asarray(K)).tolist()
    k1, k2, p1, p2, k3 = (64 * np.r_[np.asarray(D, float), 0.0][:5]).tolist()
    place = (-1000 * np.transpose(R) @ np.asarray(t)).tolist()
    turned = (np.diag([1.0, -1.0, -1.0]) @ R).tolist()
    transform = " ".join(f'r{i + 1}{j + 1}="{turned[i][j]!r}"' for i in range(3) for j in range(3))
    field = f'left="0" top="0" right="{size[0] - 1}" bottom="{size[1] - 1}"'
    return (
        "<?xml version='1.0' encoding='ASCII'?>\n<calibration type=\"regular\"><cameras>\n"
        f'<camera active="1" model="Miqus Video" serial="{name}"><fov_video {field}/>'
        f'<transform {transform} x="{place[0]!r}" y="{place[1]!r}" z="{place[2]!r}"/>'
        f'<intrinsic focalLengthU="{K[0][0]!r}" focalLengthV="{K[1][1]!r}" centerPointU="{K[0][2]!r}" '
        f'centerPointV="{K[1][2]!r}" radialDistortion1="{k1!r}" radialDistortion2="{k2!r}" radialDistortion3="{k3!r}" '
        f'tangentalDistortion1="{p1!r}" tangentalDistortion2="{p2!r}" skew="0"/></camera>\n'
        f'<camera model="Oqus 700" serial="marker"><fov_video {field}/></camera>\n</cameras></calibration>\n'
    )


def ros(K, D, size, R, t):
    def matrix(values, rows, cols):
        return f"\n  rows: {rows}\n  cols: {cols}\n  data: {_list(np.ravel(values))}\n"

    return (
        f"image_width: {size[0]}\nimage_height: {size[1]}\ncamera_name: narrow\ncamera_matrix:{matrix(K, 3, 3)}"
        f"distortion_model: {'plumb_bob' if len(D) < 6 else 'rational_polynomial'}\n"
        f"distortion_coefficients:{matrix(D, 1, len(D))}rectification_matrix:{matrix(np.eye(3), 3, 3)}"
        f"projection_matrix:{matrix(np.eye(3, 4), 3, 4)}rotation: {_list(R)}\ntranslation: {_list(t)}\n"
    )


def dumped_yaml(K, D, size, R, t):
    def block(values, indent):
        pad = "\n" + " " * indent
        return "".join(f"{pad}- {v!r}" for v in np.ravel(values).tolist())

    rows = "".join(f"\n    - - {row[0]!r}\n      - {row[1]!r}\n      - {row[2]!r}" for row in np.asarray(K).tolist())
    return (
        f"calibration:\n  cam_1:\n    K:{rows}\n    dist:{block(D, 4)}\n    image_size: &id001{block(size, 4)}\n"
        f"    sensor_size: *id001\n    rvec:{block(_rvec(R), 6)}\n    tvec: # metres{block(t, 6)}\n"
    )


def json_of_arrays(K, D, size, R, t):
    return json.dumps(
        {
            "image_size": [int(s) for s in size],
            "mtx": np.asarray(K).tolist(),
            "dist": [np.asarray(D).tolist()],
            "rvec": _rvec(R)[:, None].tolist(),
            "tvec": np.reshape(t, (3, 1)).tolist(),
        }
    )


def json_in_two_parts(K, D, size, R, t):
    named = dict(zip(("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6"), map(float, D), strict=False))
    return json.dumps(
        {
            "cam_1": {
                "intrinsics": {
                    "fx": K[0, 0],
                    "fy": K[1, 1],
                    "cx": K[0, 2],
                    "cy": K[1, 2],
                    "distortion": named,
                    "resolution": {"width": int(size[0]), "height": int(size[1])},
                },
                "extrinsics": {"R": np.ravel(R).tolist(), "t": dict(zip("xyz", map(float, t), strict=True))},
            }
        },
        indent=1,
    )


def json_by_part(K, D, size, R, t):
    return json.dumps(
        {
            "intrinsics": {"cam_1": {"K": np.ravel(K).tolist(), "distCoef": np.asarray(D).tolist()}},
            "extrinsics": {"cam_1": {"rotation_matrix": np.asarray(R).tolist(), "translation": np.ravel(t).tolist()}},
            "image_size": [int(s) for s in size],
        }
    )


def json_by_quantity(K, D, size, R, t):
    return json.dumps(
        {
            "K": {"cam_1": np.asarray(K).tolist()},
            "D": {"cam_1": np.asarray(D).tolist()},
            "R": {"cam_1": np.asarray(R).tolist()},
            "T": {"cam_1": np.ravel(t).tolist()},
            "size": {"cam_1": [int(s) for s in size]},
        }
    )


def panoptic(K, D, size, R, t):
    camera = {
        "name": "00_00",
        "type": "hd",
        "resolution": [int(s) for s in size],
        "panel": 0,
        "K": np.asarray(K).tolist(),
        "distCoef": np.asarray(D).tolist(),
        "R": np.asarray(R).tolist(),
        "t": (100 * np.reshape(t, (3, 1))).tolist(),
    }
    return json.dumps({"calibDataSource": "x", "units": "cm", "cameras": [camera]})


def flat_and_numbered(K, D, size, R, t):
    return (
        f'%YAML:1.0\n---\nnames:\n  - "01"\nK_01: {_matrix(K)}dist_01: {_matrix(D)}H_01: {size[1]}\nW_01: {size[0]}\n'
        f"R_01: {_matrix(_rvec(R)[:, None])}Rot_01: {_matrix(R)}T_01: {_matrix(np.reshape(t, (3, 1)))}"
    )


def four_by_four(K, D, size, R, t):
    extrinsics = np.vstack([np.c_[R, np.ravel(t)], [0, 0, 0, 1]])
    return json.dumps(
        [
            {
                "id": 17,
                "intrinsic": np.asarray(K).tolist(),
                "distortion": np.asarray(D).tolist(),
                "imageSize": {"width": int(size[0]), "height": int(size[1])},
                "extrinsic": extrinsics.tolist(),
            }
        ]
    )


WRITERS = (
    *(pose2sim, pose2sim_with_columns, anipose, anipose_in_millimetres, caliscope_old, caliscope_new),
    *(opencv_yaml, opencv_xml, opencv_json, opencv_yaml_1_0, opencv_yaml_nested, opencv_xml_nested, qualisys),
    *(ros, dumped_yaml, json_of_arrays, json_in_two_parts, json_by_part, json_by_quantity, panoptic),
    *(flat_and_numbered, four_by_four),
)
