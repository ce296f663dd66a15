using Drimbox.Dicom;

namespace Drimbox.Load.Synthetic;

/// <summary>What distinguishes the modalities: the modules of their IODs beyond patient, study, series and image.
/// </summary>
internal static class SyntheticModality
{
    /// <param name="number">Of the image in its series, from 1.</param>
    public static void Set(DataSet dataSet, SyntheticStudyOrder order, int number)
    {
        switch (order.Modality)
        {
            case "MR":
                SetPlane(dataSet, order, number);
                SetMr(dataSet);
                break;
            case "CR":
                SetCr(dataSet);
                break;
            case "US":
                SetUs(dataSet, order);
                break;
            default:
                SetPlane(dataSet, order, number);
                SetCt(dataSet);
                break;
        }
    }

    private static void SetPlane(DataSet dataSet, SyntheticStudyOrder order, int number)
    {
        dataSet.SetString(Tag.PatientPosition, "HFS");
        dataSet.SetUid(Tag.FrameOfReferenceUID, SyntheticStudy.DerivedUid(order, "frame of reference"));
        dataSet.SetEmpty(Tag.PositionReferenceIndicator);
        // PS3.3 C.7.6.2: a transverse plane; slices run towards the head.
        dataSet.SetDouble(Tag.SliceThickness, 1.25);
        dataSet.SetDouble(Tag.SpacingBetweenSlices, 1.25);
        dataSet.SetDouble(Tag.ImagePositionPatient, -175, -175, -200 + (1.25 * number));
        dataSet.SetInt(Tag.ImageOrientationPatient, 1, 0, 0, 0, 1, 0);
        dataSet.SetDouble(Tag.SliceLocation, -200 + (1.25 * number));
        dataSet.SetDouble(Tag.PixelSpacing, 0.6836, 0.6836);
    }

    private static void SetCt(DataSet dataSet)
    {
        dataSet.SetUid(Tag.SOPClassUID, SopClass.CTImageStorage);
        dataSet.SetStrings(Tag.ImageType, "ORIGINAL", "PRIMARY", "AXIAL");
        dataSet.SetInt(Tag.KVP, 120);
        dataSet.SetInt(Tag.XRayTubeCurrent, 240);
        dataSet.SetInt(Tag.ExposureTime, 500);
        dataSet.SetDouble(Tag.GantryDetectorTilt, 0);
        dataSet.SetString(Tag.ConvolutionKernel, "STANDARD");
        // PS3.3 C.8.2.1: stored value 1024 is water, 0 HU.
        dataSet.SetInt(Tag.RescaleIntercept, -1024);
        dataSet.SetInt(Tag.RescaleSlope, 1);
        dataSet.SetString(Tag.RescaleType, "HU");
        SetWindow(dataSet, 40, 400);
    }

    private static void SetMr(DataSet dataSet)
    {
        dataSet.SetUid(Tag.SOPClassUID, SopClass.MRImageStorage);
        dataSet.SetStrings(Tag.ImageType, "ORIGINAL", "PRIMARY", "OTHER");
        dataSet.SetString(Tag.ScanningSequence, "SE");
        dataSet.SetString(Tag.SequenceVariant, "SK");
        dataSet.SetEmpty(Tag.ScanOptions);
        dataSet.SetString(Tag.MRAcquisitionType, "2D");
        dataSet.SetInt(Tag.RepetitionTime, 550);
        dataSet.SetInt(Tag.EchoTime, 12);
        dataSet.SetInt(Tag.EchoTrainLength, 3);
        dataSet.SetDouble(Tag.MagneticFieldStrength, 1.5);
        dataSet.SetInt(Tag.FlipAngle, 90);
        SetWindow(dataSet, 1100, 1800);
    }

    // PS3.3 C.8.1.1, C.8.1.2: ViewPosition and the plate are type 2 and 3.
    private static void SetCr(DataSet dataSet)
    {
        dataSet.SetUid(Tag.SOPClassUID, SopClass.ComputedRadiographyImageStorage);
        dataSet.SetStrings(Tag.ImageType, "ORIGINAL", "PRIMARY");
        dataSet.SetStrings(Tag.PatientOrientation, "L", "F");
        dataSet.SetString(Tag.ViewPosition, "PA");
        dataSet.SetInt(Tag.KVP, 125);
        dataSet.SetInt(Tag.ExposureTime, 8);
        dataSet.SetInt(Tag.XRayTubeCurrent, 320);
        dataSet.SetDouble(Tag.ImagerPixelSpacing, 0.168, 0.168);
        SetWindow(dataSet, 1000, 2000);
    }

    // PS3.3 C.8.5.6: frames over time; C.7.6.5 and C.7.6.6: the frame increment pointer names the frame time.
    private static void SetUs(DataSet dataSet, SyntheticStudyOrder order)
    {
        dataSet.SetUid(Tag.SOPClassUID, SopClass.UltrasoundMultiFrameImageStorage);
        dataSet.SetStrings(Tag.ImageType, "ORIGINAL", "PRIMARY", "ABDOMINAL", "0001");
        dataSet.SetEmpty(Tag.PatientOrientation);
        dataSet.SetInt(Tag.NumberOfFrames, order.Frames);
        dataSet.SetDouble(Tag.FrameTime, 40);
        dataSet.SetTags(Tag.FrameIncrementPointer, Tag.FrameTime);
        dataSet.SetString(Tag.LossyImageCompression, "00");
        SetWindow(dataSet, 128, 256);
    }

    private static void SetWindow(DataSet dataSet, int center, int width)
    {
        dataSet.SetInt(Tag.WindowCenter, center);
        dataSet.SetInt(Tag.WindowWidth, width);
    }
}
